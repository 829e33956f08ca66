"""What the templates of the documents' examples have in common."""

from local.cloud.template import Template, of_type


def verbs_of_the_role(template: Template) -> set[tuple[str, ...]]:
    """Of its one role, which has no policy of AWS's: each verb, and the resource and attribute."""
    (role,) = of_type(template, "AWS::IAM::Role").values()
    assert "ManagedPolicyArns" not in role["Properties"]
    (policy,) = role["Properties"]["Policies"]
    return {
        (verb, *statement["Resource"]["Fn::GetAtt"])
        for statement in policy["PolicyDocument"]["Statement"]
        for verb in statement["Action"]
    }
