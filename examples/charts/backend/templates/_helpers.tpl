{{- define "backend.name" -}}
{{- .Values.name | default (.Release.Name | replace "." "-") | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- /* A Deployment's selector can never be changed, so nothing that differs between versions may stand here. */ -}}
{{- define "backend.selectorLabels" -}}
app.kubernetes.io/name: {{ include "backend.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "backend.podLabels" -}}
{{- range $key, $value := .Values.labels }}
{{- if ne $value nil }}
{{ $key | quote }}: {{ include "backend.scalar" $value }}
{{- end }}
{{- end }}
{{ include "backend.selectorLabels" . }}
{{- /* A tag may be longer than a label, and may begin or end with what a label may not. */ -}}
{{- with .Values.image.tag | trunc 63 | trimAll "-_." }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "backend.labels" -}}
{{ include "backend.podLabels" . | trim }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- /* Never on pods: a new version of the chart alone is no reason to restart them. */}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Helm reads each number of a values file as a float and would print 1000000 as 1e+06. */ -}}
{{- define "backend.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . | quote -}}
{{- else -}}
{{- toString . | quote -}}
{{- end -}}
{{- end }}

{{- define "backend.port" -}}
{{- kindIs "string" . | ternary (toString . | quote) (int .) -}}
{{- end }}

{{- define "backend.image" -}}
{{- $image := .Values.image -}}
{{- $repository := required "image.repository is not set: name the image, without tag or digest" $image.repository -}}
{{- if not (or $image.tag $image.digest) }}
{{- fail "image.tag and image.digest are both not set: say which image to run" }}
{{- end -}}
{{- $repository -}}
{{- with $image.tag }}:{{ . }}{{ end -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{- define "backend.serviceAccountName" -}}
{{- $account := .Values.serviceAccount | default dict -}}
{{- if $account.create -}}
{{- $account.name | default (include "backend.name" .) -}}
{{- else -}}
{{- $account.name | default "default" -}}
{{- end -}}
{{- end }}

{{- define "backend.probe" -}}
{{- $probe := .probe -}}
httpGet:
  path: {{ $probe.path | quote }}
  port: {{ include "backend.port" ($probe.port | default .containerPort) }}
{{- range $field := list "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "successThreshold" "failureThreshold" }}
{{- $number := index $probe $field }}
{{- if ne $number nil }}
{{ $field }}: {{ int $number }}
{{- end }}
{{- end }}
{{- end }}

{{- define "backend.environment" -}}
{{- $environment := .Values.environment | default dict -}}
{{- $seen := dict -}}
{{- range $kind := list "configMap" "secret" "plain" -}}
{{- range $name, $from := index $environment $kind -}}
{{- if $from }}
{{- if hasKey $seen $name }}
{{- fail (printf "environment.%s.%s: the same variable is already set in environment.%s" $kind $name (get $seen $name)) }}
{{- end }}
{{- $_ := set $seen $name $kind }}
- name: {{ $name | quote }}
{{- if eq $kind "configMap" }}
  valueFrom:
    configMapKeyRef:
      name: {{ $from.config | quote }}
      key: {{ $from.name | quote }}
{{- else if eq $kind "secret" }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret | quote }}
      key: {{ $from.name | quote }}
{{- else }}
  value: {{ include "backend.scalar" $from.value }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
