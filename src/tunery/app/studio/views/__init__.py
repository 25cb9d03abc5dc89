"""What pages show, made from records and reports: plain functions and values that know no page.

Nothing here reads the workspace or draws: whatever is counted, sorted, cut or put into words for a page is done here,
where it can be tested without a browser.
"""
