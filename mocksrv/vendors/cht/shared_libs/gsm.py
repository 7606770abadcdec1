"""How many parts a text message takes: 160 characters of the GSM alphabet, or 70 of any other, if it is one part."""

from __future__ import annotations

import re

BASIC = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
                  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENDED = re.compile(r"[\f^{}\\\[~\]|€]")  # each takes two places
SINGLE, EACH = (160, 70), (153, 67)  # characters of one part, and of each of several: GSM, and Unicode


def parts(text: str) -> list[str]:
    """The text in as many pieces as messages are needed for it."""
    unicode = not set(EXTENDED.sub("", text)) <= BASIC
    widths = [1 + (len(char.encode("utf-16-le", "surrogatepass")) > 2 if unicode else bool(EXTENDED.match(char)))
              for char in text]
    if sum(widths) <= SINGLE[unicode]:
        return [text] if text else []
    found, room = [""], EACH[unicode]
    for char, width in zip(text, widths, strict=True):
        if width > room:
            found.append("")
            room = EACH[unicode]
        found[-1] += char
        room -= width
    return found
