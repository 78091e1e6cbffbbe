from uuid import UUID

from tracker.application import ParameterDefinition
from tracker.ingest.parameters import check
from tracker.management.definition_check import problems_of_all
from tracker.parameter_limits import MAX_DEFAULTS_BYTES, MAX_DEFINITIONS, MAX_RULES_BYTES, usable_rules


def definitions(
    count: int, default: str | None = None, rules: dict[str, object] | None = None
) -> list[ParameterDefinition]:
    return [
        ParameterDefinition(
            application_id=UUID(int=1),
            parameter_key=f"k{number:04}",
            parameter_name="n",
            parameter_type="string",
            default_value=default,
            validation_rules=rules,
        )
        for number in range(count)
    ]


def test_a_worker_uses_the_first_definitions_by_key_and_defaults_up_to_the_limit() -> None:
    rules = usable_rules(definitions(400, "x" * 1_900))
    assert [rule.key for rule in rules] == [f"k{number:04}" for number in range(MAX_DEFINITIONS)]
    checked = check({}, rules, "drop_param")
    assert [key for key, _ in checked.values] == ["k0000", "k0001", "k0002", "k0003"]
    assert sum(len(key) + len(text) for key, text in checked.values) <= MAX_DEFAULTS_BYTES
    assert set(checked.refusals) == {(rule.key, "default") for rule in rules[4:]}
    # A value that is sent counts whatever became of the default.
    assert ("k0050", "sent") in check({"k0050": "sent"}, rules, "drop_param").values


def test_a_required_parameter_without_its_default_is_missing() -> None:
    rules = usable_rules(definitions(6, "x" * 1_900))
    assert len([rule for rule in rules if rule.default_text is not None]) == 4
    assert check({}, rules, "reject").rejected is False


def test_what_is_within_the_limits_is_used_whole() -> None:
    small = definitions(MAX_DEFINITIONS, "x" * 70)
    assert all(rule.default_text == "x" * 70 for rule in usable_rules(small))
    assert problems_of_all([], small) == {}


def test_definitions_beyond_a_limit_are_refused_and_those_that_are_there_may_become_fewer() -> None:
    many, some = definitions(MAX_DEFINITIONS + 2), definitions(MAX_DEFINITIONS + 1)
    assert list(problems_of_all([], some)) == ["parameter_key"]
    assert list(problems_of_all(some, many)) == ["parameter_key"]
    assert problems_of_all(many, some) == {}
    assert problems_of_all(some, some) == {}
    assert list(problems_of_all([], definitions(5, "é" * 900))) == ["default_value"]
    assert list(problems_of_all([], definitions(90, rules={"pattern": "x" * 1000}))) == ["validation_rules"]
    assert problems_of_all([], definitions(60, rules={"pattern": "x" * 1000})) == {}
    assert MAX_RULES_BYTES == 65_536
