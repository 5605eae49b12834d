"""The objects and the chart that sessions play with; their containers only sleep."""

from __future__ import annotations

from typing import Any

from tests.fidelity.steps import IMAGE


def pod_spec(script: str = "sleep 3600", **more: Any) -> dict[str, Any]:
    """A pod of one container that runs a script and ends at once when it is to."""
    container = {"name": "main", "image": IMAGE, "command": ["sh", "-c", script]}
    return {"terminationGracePeriodSeconds": 0, "containers": [container], **more}


def deployment(name: str = "web", replicas: int = 2, **spec: Any) -> dict[str, Any]:
    """A Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name),
            **spec,
        },
    }


def template(name: str, script: str = "sleep 3600", **more: Any) -> dict[str, Any]:
    """A pod template with the label app."""
    return {"metadata": {"labels": {"app": name}}, "spec": pod_spec(script, **more)}


def job(name: str, script: str, **spec: Any) -> dict[str, Any]:
    """A Job."""
    inner = {"spec": pod_spec(script, restartPolicy="Never")}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": inner, **spec},
    }


def config(name: str = "settings", **data: Any) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, script: str = "sleep 3600", **more: Any) -> dict[str, Any]:
    """A Pod."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod_spec(script, **more)}


_DEPLOYMENT = f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, labels: {{app: web}}}}
spec:
  replicas: {{{{ .Values.replicas }}}}
  progressDeadlineSeconds: 5
  selector: {{matchLabels: {{app: {{{{ .Values.selector }}}}}}}}
  template:
    metadata: {{labels: {{app: {{{{ .Values.selector }}}}}}, annotations: {{note: "{{{{ .Values.note }}}}"}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: {IMAGE}
        command: [sh, -c, "{{{{ .Values.script }}}}"]
"""
_CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  note: "{{ .Values.note }}"
  seen: "{{ if lookup "v1" "ConfigMap" .Release.Namespace "settings" }}again{{ else }}first{{ end }}"
  revision: "{{ .Release.Revision }}"
"""
_SERVICE = """apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080, protocol: TCP}]}
"""
_HOOK = f"""{{{{ range .Values.hooks }}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: job-{{{{ .on }}}}
  annotations: {{helm.sh/hook: {{{{ .on }}}}, helm.sh/hook-weight: "1", helm.sh/hook-delete-policy: "{{{{ .policy }}}}"}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: main, image: {IMAGE}, command: [sh, -c, "exit {{{{ .code }}}}"]}}]
{{{{ end }}}}
"""
_TEST = f"""apiVersion: v1
kind: Pod
metadata: {{name: web-test, annotations: {{helm.sh/hook: test}}}}
spec:
  restartPolicy: Never
  containers: [{{name: main, image: {IMAGE}, command: ["true"]}}]
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: '1'\n",
    "values.yaml": "replicas: 1\nnote: one\nselector: web\nscript: sleep 3600\nhooks: []\n",
    "templates/deployment.yaml": _DEPLOYMENT,
    "templates/config.yaml": _CONFIG,
    "templates/service.yaml": _SERVICE,
    "templates/hooks.yaml": _HOOK,
    "templates/test.yaml": _TEST,
    "templates/NOTES.txt": "Note {{ .Values.note }}\n",
}
