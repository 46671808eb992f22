"""Checks Kubernetes manifests without a cluster: what the operator's own models keep of them, and the pods against the API's schema.

A key that a model does not know is lost on the way through it, so a manifest that comes out as it went in has no mistyped key.
"""

import json
import sys
from types import SimpleNamespace

import kubernetes_validate
import yaml
from kubeflow.training import models
from kubeflow.training.api_client import ApiClient
from kubeflow_trainer_api.models import TrainerV1alpha1TrainJob

KUBERNETES = "1.31"


def through_model(manifest):
    if manifest["kind"] == "TrainJob":
        return TrainerV1alpha1TrainJob.from_dict(manifest).to_dict()
    client = ApiClient()
    job = client.deserialize(SimpleNamespace(data=json.dumps(manifest)), models.KubeflowOrgV1PyTorchJob)
    return client.sanitize_for_serialization(job)


def lost(before, after, at=""):
    """Paths of what differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [path for key in before for path in lost(before[key], after.get(key), f"{at}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [path for i, (a, b) in enumerate(zip(before, after)) for path in lost(a, b, f"{at}[{i}]")]
    return [] if before == after else [at]


def pods(manifest):
    for replicas in manifest["spec"].get("pytorchReplicaSpecs", {}).values():
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, **replicas["template"]}


for path in sys.argv[1:]:
    with open(path) as file:
        manifest = yaml.safe_load(file)
    unknown = lost(manifest, through_model(manifest))
    if unknown:
        sys.exit(f"{path}: the operator does not know, or reads in another way: {', '.join(unknown)}")
    for pod in pods(manifest):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)
    print(f"{path}: a {manifest['kind']}")
