"""Writes the spoken digits of the audio captcha: ten a language, by eSpeak NG, the voice that screen readers use.

Needs espeak-ng. A file holds ten lengths (little-endian 16 bits) and then ten sounds, 8-bit unsigned, 8 kHz, mono.
"""

import math
import pathlib
import struct
import subprocess
import sys

VOICES = {"en": "en-us", "zh": "cmn", "ru": "ru", "es": "es", "it": "it", "fr": "fr-fr", "de": "de"}
RATE = 8000


def speak(voice, digit):
    wav = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "130", "-g", "0", "--stdout", str(digit)], check=True, capture_output=True
    ).stdout
    data = wav[wav.index(b"data") + 8 :]
    rate = struct.unpack_from("<I", wav, 24)[0]
    samples = struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 2 * 2])
    return rate, samples


def resample(rate, samples):
    """A low pass below 3.6 kHz, then every sample that 8 kHz needs."""
    cut, half, out = 3600 / rate, 24, []
    for index in range(int(len(samples) * RATE / rate)):
        centre, total = index * rate / RATE, 0.0
        for tap in range(int(centre) - half, int(centre) + half + 1):
            if 0 <= tap < len(samples):
                x = tap - centre
                sinc = 2 * cut if x == 0 else math.sin(2 * math.pi * cut * x) / (math.pi * x)
                total += samples[tap] * sinc * (0.5 + 0.5 * math.cos(math.pi * x / (half + 1)))
        out.append(total)
    return out


def trimmed(samples):
    peak = max(abs(sample) for sample in samples)
    loud = [index for index, sample in enumerate(samples) if abs(sample) > peak * 0.02]
    cut = samples[max(0, loud[0] - 80) : loud[-1] + 160]
    return bytes(128 + max(-127, min(127, round(sample / peak * 120))) for sample in cut)


for language, voice in VOICES.items():
    sounds = [trimmed(resample(*speak(voice, digit))) for digit in range(10)]
    header = b"".join(struct.pack("<H", len(sound)) for sound in sounds)
    path = pathlib.Path(__file__).parent / f"{language}.pcm"
    path.write_bytes(header + b"".join(sounds))
    print(path.name, path.stat().st_size, [len(sound) for sound in sounds], file=sys.stderr)
