"""Check digits and number plans: what makes a run of digits somebody's number. Pure."""

from __future__ import annotations

IBAN_LENGTHS = {
    **{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22},
    **{"BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27},
    **{"DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27},
    **{"GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28},
    **{"IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28},
    **{"LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22},
    **{"MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23},
    **{"PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24},
    **{"SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28},
    **{"TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30},
}
"""Characters of an IBAN by country: the IBAN registry of SWIFT (ISO 13616)."""

_NEVER_SSN_AREAS = frozenset({"000", "666"})


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """13 to 19 digits of a payment card: a bank's industry digit (ISO/IEC 7812) and Luhn.

    2 to 6 are what the card schemes use; seven equal digits at the start are nobody's card.
    """
    return (
        13 <= len(digits) <= 19
        and digits[0] in "23456"
        and len(set(digits[:7])) > 1
        and luhn(digits)
    )


def is_iban(compact: str) -> bool:
    """An IBAN without spaces: a known country's length, and 1 modulo 97 (ISO 7064, MOD 97-10)."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact[2:4].isdigit():
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def is_ssn(area: str, group: str, serial: str) -> bool:
    """A US social security number that can have been issued (SSA, POMS RM 10201.035)."""
    issued_area = area not in _NEVER_SSN_AREAS and area[0] != "9"
    return issued_area and group != "00" and serial != "0000"


def is_nanp(digits: str) -> bool:
    """Ten digits of the North American Numbering Plan: area and exchange begin with 2 to 9."""
    return len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789"
