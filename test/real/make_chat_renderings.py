"""What transformers makes of public models' chat templates and twelve conversations.

    python test/real/make_chat_renderings.py "$(bash test/real/fetch-chat-templates.sh)"

Needs transformers 4.57.1. Writes test/fixtures/chat-renderings.json: {"special_tokens", "conversations",
"renderings": {template: {conversation: the first 16 hex digits of the text's SHA-256, or null for an error}}}.
The templates are of others and stay where they are. Those that print today's date are left out.
"""

import hashlib
import json
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import _compile_jinja_template

OUT = Path(__file__).parent.parent / "fixtures" / "chat-renderings.json"
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
CONVERSATIONS = {'u': [{'role': 'user', 'content': 'Hello'}],
 'su': [{'role': 'system', 'content': 'You are terse.'}, {'role': 'user', 'content': 'Hello'}],
 'uau': [{'role': 'user', 'content': 'Hi'},
         {'role': 'assistant', 'content': 'Hello! How can I help?'},
         {'role': 'user', 'content': 'Tell me a joke'}],
 'ws': [{'role': 'user', 'content': '  leading and trailing  \n'},
        {'role': 'assistant', 'content': '\n\nyes \t'},
        {'role': 'user', 'content': 'ok\n'}],
 'uni': [{'role': 'user', 'content': 'naïve café 日本語 🙂 "quotes" \'single\' \\ back\\slash <b>&amp;</b>\u2028x'}],
 'parts': [{'role': 'user',
            'content': [{'type': 'text', 'text': 'part one'}, {'type': 'text', 'text': 'part two'}]}],
 'think': [{'role': 'user', 'content': '2+2?'},
           {'role': 'assistant', 'content': '<think>\nadd\n</think>\n\n4'},
           {'role': 'user', 'content': 'and 3+3?'}],
 'reason': [{'role': 'user', 'content': '2+2?'},
            {'role': 'assistant', 'content': '4', 'reasoning_content': 'add them'},
            {'role': 'user', 'content': 'and 3+3?'}],
 'tool': [{'role': 'user', 'content': 'weather in Paris?'},
          {'role': 'assistant',
           'content': '',
           'tool_calls': [{'id': 'call_1',
                           'type': 'function',
                           'function': {'name': 'get_weather',
                                        'arguments': '{"city": "Paris", "days": 3, "ok": true, "none": null, "f": '
                                                     '1.5, "l": [1, "é"]}'}}]},
          {'role': 'tool', 'tool_call_id': 'call_1', 'name': 'get_weather', 'content': '{"temp": 21}'},
          {'role': 'user', 'content': 'thanks'}],
 'toolnum': [{'role': 'user', 'content': 'n?'},
             {'role': 'assistant',
              'content': '',
              'tool_calls': [{'id': 'abc123456',
                              'type': 'function',
                              'function': {'name': 'f',
                                           'arguments': '{"x": 1.0, "big": 12345678901234567890, "e": 1e-7, "h": '
                                                        '1e21, "neg": -0.0}'}}]},
             {'role': 'tool', 'tool_call_id': 'abc123456', 'content': 'ok'}],
 'uu': [{'role': 'user', 'content': 'a'}, {'role': 'user', 'content': 'b'}],
 'empty': [{'role': 'user', 'content': ''}]}


def parsed(message):
    """Arguments of calls are given parsed, as SGLang gives them."""
    calls = message.get("tool_calls")
    if not calls:
        return message
    parse = lambda fn: {**fn, "arguments": json.loads(fn["arguments"])}
    return {**message, "tool_calls": [{**call, "function": parse(call["function"])} for call in calls]}


def render(template, messages):
    try:
        text = _compile_jinja_template(template).render(
            messages=[parsed(message) for message in messages],
            tools=None,
            documents=None,
            add_generation_prompt=True,
            **SPECIAL,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    except Exception:  # noqa: BLE001
        return None


def main():
    templates = json.loads(Path(sys.argv[1]).read_text())
    renderings = {
        name: {key: render(template, messages) for key, messages in CONVERSATIONS.items()}
        for name, template in templates.items()
        if "strftime_now" not in template
    }
    made = {"special_tokens": SPECIAL, "conversations": CONVERSATIONS, "renderings": renderings}
    OUT.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(len(renderings), "templates")


if __name__ == "__main__":
    main()
