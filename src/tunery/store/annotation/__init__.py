"""Labelling: queues of rows, who works on which, what they said, and what follows from it.

- `queues`: making a queue and putting rows into it.
- `leases`: handing rows out, so that no two people get the same place, and keeping drafts.
- `answers`: submitting exactly once, skipping, taking back, replacing, and settling what people disagree about.
- `outcomes`: what is right for each row according to everybody's answers.
- `progress`: how far a queue is, altogether and for each person.
"""
