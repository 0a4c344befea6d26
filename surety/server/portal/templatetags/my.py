"""Words and times of the person's own page."""

from django import template

from surety.server.portal import languages

register = template.Library()


@register.simple_tag
def say(text: str, **values: object) -> str:
    """A text in the language that is spoken now."""
    return languages.say(text, **values)


@register.simple_tag
def speaks() -> languages.Language:
    """The language that is spoken now."""
    return languages.active()


@register.simple_tag
def is_draft() -> bool:
    """Whether nobody has confirmed the words of this language yet."""
    return languages.is_draft(languages.active().tag)
