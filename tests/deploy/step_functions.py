"""Executes a state machine in moto's Step Functions; a program, since moto patches its process.

argv: the definition and the answers of the function, as JSON. Prints the states that it enters.
"""

from __future__ import annotations

import json
import sys
import time
import zipfile
from io import BytesIO
from typing import Any

import boto3
import requests
from moto import mock_aws

ANSWERS = "http://motoapi.amazonaws.com/moto-api/static/lambda-simple/response"
LONGEST_S = 30


def client(name: Any) -> Any:
    return boto3.client(
        name, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )


def execute(definition: str, answers: list[dict[str, Any]]) -> list[str]:
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("nothing.py", "")
    function = client("lambda").create_function(
        FunctionName="f",
        Role=role,
        Runtime="python3.13",
        Handler="nothing.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    told = {"results": [json.dumps(one) for one in answers]}
    requests.post(ANSWERS, json=told, timeout=10).raise_for_status()
    whole = definition.replace("${Function}", function)
    whole = whole.replace("${Invoke}", "arn:aws:states:::lambda:invoke")
    machines = client("stepfunctions")
    made = machines.create_state_machine(name="m", definition=whole, roleArn=role)
    begun = machines.start_execution(stateMachineArn=made["stateMachineArn"], input="{}")
    arn = begun["executionArn"]
    ends_s = time.monotonic() + LONGEST_S
    while machines.describe_execution(executionArn=arn)["status"] == "RUNNING":
        if time.monotonic() > ends_s:
            break
        time.sleep(0.05)
    events = machines.get_execution_history(executionArn=arn)["events"]
    entered = [each.get("stateEnteredEventDetails", {}).get("name") for each in events]
    return [*filter(None, entered), events[-1]["type"]]


if __name__ == "__main__":
    options: Any = {
        "stepfunctions": {"execute_state_machine": True},
        "lambda": {"use_docker": False},
    }
    with mock_aws(config=options):
        print(json.dumps(execute(sys.argv[1], json.loads(sys.argv[2]))))
