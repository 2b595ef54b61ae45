"""The chat template: ChatML with tools and thoughts in Qwen's form, in our own words."""

from __future__ import annotations

import json

import prose

_TEMPLATE = """\
{%- set parts = namespace(system='') %}
{%- if messages and messages[0].role == 'system' and messages[0].content %}
    {%- set parts.system = messages[0].content %}
{%- endif %}
{%- if tools %}
    {%- set parts.system = parts.system + ('\\n\\n' if parts.system else '') + TOOLS_BEFORE %}
    {%- for tool in tools %}
        {%- set parts.system = parts.system + '\\n' + (tool | tojson) %}
    {%- endfor %}
    {%- set parts.system = parts.system + TOOLS_AFTER %}
{%- endif %}
{%- if enable_thinking is defined and enable_thinking is true %}
    {%- set parts.system = parts.system + ('\\n\\n' if parts.system else '') + THINK %}
{%- endif %}
{%- if parts.system %}
    {{- '<|im_start|>system\\n' + parts.system + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' + content + '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- elif message.role == 'assistant' %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' + content }}
        {%- if message.tool_calls %}
            {%- for call in message.tool_calls %}
                {%- if not loop.first or content %}
                    {{- '\\n' }}
                {%- endif %}
                {%- if call.function %}
                    {%- set call = call.function %}
                {%- endif %}
                {{- '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
                {{- call.arguments if call.arguments is string else call.arguments | tojson }}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif not (message.role == 'system' and loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}"""


def chat_template() -> str:
    """The template as tokenizer_config.json holds it, with the texts that the corpus uses."""
    texts = {"TOOLS_BEFORE": prose.TOOLS_BEFORE[:-1], "TOOLS_AFTER": prose.TOOLS_AFTER, "THINK": prose.THINK}
    for name, text in texts.items():
        _checked = _TEMPLATE.count(name)
        assert _checked == 1, name
    out = _TEMPLATE
    for name, text in texts.items():
        out = out.replace(name, json.dumps(text))
    return out
