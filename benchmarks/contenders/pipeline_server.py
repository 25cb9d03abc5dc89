"""A contender: FastAPI around a transformers pipeline, the way it is done when nobody thinks about speed.

python benchmarks/contenders/pipeline_server.py FOLDER PORT
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline


class Question(BaseModel):
    """What is asked."""

    inputs: str


def build(folder: str) -> FastAPI:
    """Return the application."""
    app = FastAPI()
    classify = pipeline("text-classification", model=folder, device="cpu")

    def predict(question: Question) -> dict[str, Any]:
        return dict(classify(question.inputs)[0])

    app.add_api_route("/predict", predict, methods=["POST"])
    return app


if __name__ == "__main__":
    uvicorn.run(build(sys.argv[1]), port=int(sys.argv[2]), log_level="warning")
