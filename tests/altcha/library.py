"""ALTCHA's own library for Python, one call a run: python library.py {solve|verify|create}, JSON in and out."""

import base64
import datetime
import json
import sys

from altcha import v1, v2


def pack(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


def solve(asked):
    challenge = asked["challenge"]
    if asked["version"] == 2:
        solution = v2.solve_challenge(v2.Challenge.from_dict(challenge))
        return pack({"challenge": challenge, "solution": solution.to_dict()})
    most = challenge.get("maxnumber", challenge.get("maxNumber"))
    found = v1.solve_challenge(challenge["challenge"], challenge["salt"], challenge["algorithm"], most)
    kept = {key: challenge[key] for key in ("algorithm", "challenge", "salt", "signature")}
    return pack(kept | {"number": found.number, "took": 1})


def verify(asked):
    if asked["version"] == 2:
        told = v2.verify_solution(asked["payload"], asked["secret"], hmac_key_secret=asked["keySecret"])
        return told.verified
    verified, _problem = v1.verify_solution(asked["payload"], asked["secret"])
    return verified


def create(asked):
    if asked["version"] == 2:
        return v2.create_challenge(
            "PBKDF2/SHA-256", asked["cost"], counter=asked["counter"], expires_at=asked["expires"], data=asked["data"],
            hmac_secret=asked["secret"], hmac_key_secret=asked["keySecret"],
        ).to_dict()
    expires = datetime.datetime.fromtimestamp(asked["expires"], datetime.timezone.utc)
    return v1.create_challenge(
        hmac_key=asked["secret"], number=asked["counter"], max_number=1000, expires=expires
    ).to_dict()


calls = {"solve": solve, "verify": verify, "create": create}
print(json.dumps(calls[sys.argv[1]](json.load(sys.stdin))))
