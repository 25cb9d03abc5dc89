"""What the labelling page says, in the reader's language; ``{n}`` and the like are filled in by the page."""

from __future__ import annotations

from tunery.i18n import _


def phrases() -> dict[str, object]:
    """Return the words by the names that the page's modules use."""
    return {
        **_standing(),
        **_work(),
        **_help(),
        "reasons": {
            "uncertain": _("The model is unsure"),
            "disagreement": _("Two answers differ"),
            "error": _("The label may be wrong"),
        },
    }


def _standing() -> dict[str, str]:
    return {
        "progress": _("Progress"),
        "far": _("{done} of {items} done, {own} by you"),
        "allSaved": _("All saved"),
        "unsaved": _("{n} not yet saved"),
        "refused": _("{n} refused"),
        "offline": _("No connection"),
        "offlineLong": _("No connection to the server. What you did is kept here and sent as soon as it answers."),
        "unsavedHint": _("They are kept in this browser, and sent as soon as the server answers."),
        "tryAgain": _("Try again"),
        "discard": _("Throw away"),
        "signedOut": _("You are signed out. Nothing is lost: what isn't saved yet is kept in this browser."),
        "signIn": _("Sign in"),
        "reload": _("You have signed in anew elsewhere. Load this page again; nothing is lost."),
        "loading": _("Fetching texts"),
        "finished": _("All done"),
        "finishedHint": _("Every text has as many answers as it needs."),
        "nothingLeft": _("Nothing left for you"),
        "nothingLeftHint": _("Others are at work on the rest, or only they can do it."),
        "nothingToSettle": _("Nothing to settle"),
        "closed": _("This queue is closed"),
        "lookAgain": _("Look again"),
        "skippedAgain": _("Show the {n} skipped again"),
    }


def _work() -> dict[str, str]:
    return {
        "labels": _("Labels"),
        "find": _("Type to find one of {n} labels"),
        "noLabel": _("No label is called that."),
        "suggested": _("suggested"),
        "given": _("in the data"),
        "text": _("Text"),
        "pair": _("Second text"),
        "submit": _("Submit"),
        "accept": _("Accept the suggestion"),
        "noEntities": _("No entities"),
        "noLabels": _("None of them"),
        "keepGiven": _("Keep what is there"),
        "skip": _("Skip"),
        "skipped": _("skipped"),
        "undo": _("Undo"),
        "undone": _("Taken back"),
        "nothingToUndo": _("There is nothing to undo."),
        "note": _("Remark"),
        "noteHint": _("A note for whoever looks at this answer"),
        "chooseFirst": _("Choose a label first."),
        "guidelines": _("Guidelines"),
        "noGuidelines": _("Nobody has written guidelines for this queue."),
        "history": _("Recent"),
        "noHistory": _("You haven't answered anything yet."),
        "entities": _("{n} entities"),
        "help": _("All keys"),
        "close": _("Close"),
        "wordBefore": _("Word before"),
        "wordAfter": _("Word after"),
        "extendBefore": _("Extend to the left"),
        "extendAfter": _("Extend to the right"),
        "remove": _("Remove the entity"),
    }


def _help() -> dict[str, str]:
    return {
        "helpTitle": _("Keys on this page"),
        "helpLabel": _("Give a label"),
        "helpFind": _("Find a label by typing"),
        "helpNumber": _("Give one of the first labels shown"),
        "helpEnter": _("Submit, or accept what is suggested"),
        "helpMove": _("Go from word to word"),
        "helpExtend": _("Extend to several words"),
        "helpDelete": _("Remove the entity under the cursor"),
        "helpTake": _("Take the first person's answer, and so on"),
        "helpSkip": _("Skip this text"),
        "helpUndo": _("Take back the last thing you did"),
        "helpGiven": _("Keep the label that is in the data"),
        "helpNote": _("Write a note"),
        "helpSubmitNote": _("Leave the note"),
        "atOnce": _("Go on as soon as a label is given"),
    }
