"""The labelling page: an element that works by itself in the browser, and what it is told.

What a person does there acts at once and is kept in the browser until the server has acknowledged it; the element
talks to the REST API, so that a lost connection or a server that is started anew loses nothing. Its modules are in
``static``: `labelling.js` shows, `session.js` knows what comes next and what was said, `kept.js` outlasts the page,
`spans.js` and `reading.js` are about entities.
"""
