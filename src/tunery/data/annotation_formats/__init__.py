"""What people answered, from and for the tools they answer in: Label Studio and doccano.

A format is a subclass of `AnnotationFormat` in a module of this package; being there is all it takes to be found.
Readers of plain data sets, which want one right answer for each text, are in `tunery.data.readers`.
"""

from __future__ import annotations

from tunery.data.annotation_formats.base import Annotated, Answer
from tunery.data.annotation_formats.files import names, project, read, write

__all__ = ["Annotated", "Answer", "names", "project", "read", "write"]
