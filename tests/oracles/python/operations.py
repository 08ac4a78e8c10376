"""What others make of the clinic API's description and of its metrics.

The description has to be valid to openapi-spec-validator, the metrics to the
parser of Prometheus's own client. Usage: operations.py PROGRAM
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from prometheus_client.openmetrics.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Every metric, its type, and the labels that it may have: none names anybody.
METRICS = {
    "clinic_http_requests": ("counter", {"method", "route", "status"}),
    "clinic_http_request_duration_seconds": ("histogram", {"route", "le"}),
    "clinic_rate_limited": ("counter", {"limit"}),
    "clinic_pushes": ("counter", set()),
    "clinic_frames_stored": ("counter", set()),
    "clinic_stored_bytes": ("counter", set()),
    "clinic_store_duration_seconds": ("histogram", {"operation", "le"}),
    "clinic_store_errors": ("counter", {"kind"}),
    "clinic_connections_dropped": ("counter", {"kind"}),
    "clinic_certificate_reloads": ("counter", {"kind"}),
    "clinic_connections": ("gauge", set()),
    "clinic_work_waiting": ("gauge", set()),
    "clinic_work_running": ("gauge", set()),
    "clinic_event_streams": ("gauge", set()),
    "clinic_bodies_bytes": ("gauge", set()),
}


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def serve(program, store):
    arguments = ["serve", "--dir", store, "--metrics", "127.0.0.1:0"]
    server = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = [server.stdout.readline() for _ in range(2)]
    return server, *(re.search(r"http://\S+", line).group() for line in lines)


def check_description(api):
    status, headers, body = get(f"{api}/v1/openapi.json")
    assert (status, headers["content-type"]) == (200, "application/json")
    served = json.loads(body)
    assert served == json.loads((ROOT / "docs/openapi.json").read_text())
    validate(served, cls=OpenAPIV31SpecValidator)
    broken = json.loads(body)
    del broken["paths"]["/v1/chains/{chain}"]["get"]["responses"]["200"]["description"]
    assert not OpenAPIV31SpecValidator(broken).is_valid(), "the validator looks at nothing"


def check_metrics(api, metrics):
    for path in ["/healthz", "/readyz", "/v1/time", "/nothing"]:
        get(api + path)
    # A burst that is over the limit of one address.
    statuses = [get(f"{api}/v1/invites/{'ab' * 16}")[0] for _ in range(40)]
    status, headers, body = get(metrics)
    assert status == 200 and headers["content-type"].startswith("application/openmetrics-text")
    families = {f.name: f for f in text_string_to_metric_families(body.decode())}
    assert set(families) == set(METRICS), set(families) ^ set(METRICS)
    for name, (kind, labels) in METRICS.items():
        family = families[name]
        assert family.type == kind and family.documentation, name
        for sample in family.samples:
            assert set(sample.labels) <= labels, (name, sample)

    def value(family, name, **labels):
        found = [s.value for s in families[family].samples if s.name == name and s.labels == labels]
        assert len(found) == 1, (name, labels)
        return found[0]

    requests = "clinic_http_requests"
    route = {"method": "GET", "route": "/v1/invites/{lookup}"}
    for status in ["404", "429"]:
        counted = value(requests, f"{requests}_total", **route, status=status)
        assert counted == statuses.count(int(status)) > 0
    assert value(requests, f"{requests}_total", method="GET", route="-", status="404") == 1
    limited = "clinic_rate_limited"
    assert value(limited, f"{limited}_total", limit="peer") == statuses.count(429)
    duration = "clinic_http_request_duration_seconds"
    assert value(duration, f"{duration}_count", route="/v1/invites/{lookup}") == 40
    for path in ["/", "/v1/time"]:
        assert get(metrics.removesuffix("/metrics") + path)[0] == 404


with tempfile.TemporaryDirectory() as store:
    server, api, metrics = serve(sys.argv[1], store)
    try:
        check_description(api)
        check_metrics(api, metrics)
    finally:
        server.terminate()
        assert server.wait(30) == 0
print("description and metrics: valid")
