"""Home: what there is, what runs, and what needs a person."""

from __future__ import annotations

from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.i18n import N_, _


@studio_page("/", title=N_("Home"))
def home() -> None:
    """Build the page over all projects."""
    heading(_("Home"), _("What there is, what runs, and what needs you."))


@studio_page("/p/{project}", title=N_("Home"))
def project_home(project: str) -> None:  # noqa: ARG001 - the visit has it
    """Build the page of one project."""
    home()
