"""A live page on which a person draws a digit and sees what a pooler makes of it as it learns.

From below: `settings` and `stream` describe and feed a pooler, `exam` tries it, `variant` puts them
together, `studio` trains in a thread of its own, `session` is what one viewer looks at, `protocol`
and `actions` are the messages. None of these knows the web; `app`, `guard` and `serve` do.
"""
