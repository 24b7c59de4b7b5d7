"""The page's nested template: what its bucket, distribution and edge functions do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.test_template import of_type
from tests.infrastructure.translate import ROOT, source

PAGE = ROOT / "infra" / "page.yaml"
Template = dict[str, Any]


@pytest.fixture(scope="module")
def page() -> Template:
    return source(PAGE)


def nested() -> list[Path]:
    return sorted((ROOT / "infra").glob("*.yaml"))


@pytest.mark.parametrize("template", nested(), ids=lambda p: p.stem)
def test_a_nested_template_lints_clean(template: Path) -> None:
    lint = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            *("--regions", "us-east-1", "--", str(template)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.stdout == ""
    assert lint.returncode == 0


@pytest.mark.parametrize("name", ["Page", "QdrantServer", "SignIn", "Observability"])
def test_the_stack_hands_in_what_a_nested_template_declares_and_reads_what_it_puts_out(
    name: str, written: Template
) -> None:
    application = of_type(written, "AWS::Serverless::Application")[name]
    inner = source(ROOT / application["Location"])
    needed = {n for n, p in inner["Parameters"].items() if "Default" not in p}
    assert needed <= application["Parameters"].keys() <= inner["Parameters"].keys()
    body = json.dumps([written["Resources"], written["Outputs"]])
    read = set(re.findall(rf'(?:{name}\.|"{name}", ")Outputs\.(\w+)', body))
    assert read == inner.get("Outputs", {}).keys()


def test_nobody_but_the_distribution_reads_the_bucket_and_only_by_tls(page: Template) -> None:
    (bucket,) = of_type(page, "AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    (policy,) = of_type(page, "AWS::S3::BucketPolicy").values()
    denied = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": False}}]
    assert {s["Action"] for s in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert "distribution/${Distribution}" in json.dumps(statement["Condition"])


def test_paths_of_the_api_are_never_cached_and_reach_it_with_their_credentials(
    page: Template,
) -> None:
    (distribution,) = of_type(page, "AWS::CloudFront::Distribution").values()
    behaviours = {b["PathPattern"]: b for b in distribution["DistributionConfig"]["CacheBehaviors"]}
    assert list(behaviours) == ["/assets/*", "/api/*"]
    api = behaviours["/api/*"]
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert {"POST", "PATCH", "DELETE"} <= set(api["AllowedMethods"])
    # Error pages belong to a whole distribution: they would replace answers of the API as well.
    assert "CustomErrorResponses" not in distribution["DistributionConfig"]


def test_a_file_is_kept_as_long_as_its_uploader_says(page: Template) -> None:
    (cache,) = of_type(page, "AWS::CloudFront::CachePolicy").values()
    policy = cache["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    assert policy["MaxTTL"] == 365 * 24 * 3600


NODE = shutil.which("node")


def run_edge_function(code: str, uri: str, accept: str | None) -> str:
    assert NODE is not None
    headers = {} if accept is None else {"accept": {"value": accept}}
    event = json.dumps({"request": {"uri": uri, "headers": headers}})
    program = f"{code}\nconsole.log(JSON.stringify(handler({event}).uri))"
    run = subprocess.run([NODE, "-e", program], capture_output=True, text=True, check=True)
    return str(json.loads(run.stdout))


@pytest.mark.skipif(NODE is None, reason="edge functions are JavaScript: this needs Node")
@pytest.mark.parametrize(
    ("uri", "accept", "led_to"),
    [
        ("/", "text/html", "/index.html"),
        ("/", None, "/index.html"),
        ("/conversations/01ABC", "*/*", "/index.html"),
        ("/documents/tariffs%2F2025.md", "text/html,*/*;q=0.8", "/index.html"),
        ("/documents/tariffs%2F2025.md", "*/*", "/documents/tariffs%2F2025.md"),
        ("/config.json", "*/*", "/config.json"),
        ("/icon.svg", "image/avif,image/webp,*/*", "/icon.svg"),
        ("/absent.js", "*/*", "/absent.js"),
    ],
)
def test_paths_of_the_application_are_led_to_its_page(
    uri: str, accept: str | None, led_to: str, page: Template
) -> None:
    code = of_type(page, "AWS::CloudFront::Function")["PageRouter"]["FunctionCode"]
    assert run_edge_function(code, uri, accept) == led_to


@pytest.mark.skipif(NODE is None, reason="edge functions are JavaScript: this needs Node")
@pytest.mark.parametrize(
    ("uri", "led_to"),
    [
        ("/api/conversations", "/conversations"),
        ("/api/documents/a%2Fb.md/chunks/3", "/documents/a%2Fb.md/chunks/3"),
        ("/api/", "/"),
    ],
)
def test_the_api_gets_its_own_paths(uri: str, led_to: str, page: Template) -> None:
    code = of_type(page, "AWS::CloudFront::Function")["ApiRouter"]["FunctionCode"]
    assert run_edge_function(code, uri, None) == led_to
