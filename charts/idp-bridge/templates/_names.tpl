{{/* The chart's name, as it stands in labels. */}}
{{- define "idp-bridge.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object: at most 52 characters, so that a suffix of ours still fits into 63. A Service's name has
no dots and begins with a letter (RFC 1035), which a release's name need not. */}}
{{- define "idp-bridge.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "idp-bridge.name" . -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- $full := ternary $release (printf "%s-%s" $release $name) (contains $name $release) -}}
{{- ternary $full (printf "%s-%s" .Chart.Name $full) (regexMatch "^[a-z]" $full) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "idp-bridge.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* The labels by which pods are found; they never change. Quoted, because a release may be called `y` or `1e3`. */}}
{{- define "idp-bridge.selectorLabels" -}}
app.kubernetes.io/name: {{ include "idp-bridge.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels of the pod that `helm test` runs. */}}
{{- define "idp-bridge.testLabels" -}}
app.kubernetes.io/name: {{ printf "%s-test" (include "idp-bridge.name" . | trunc 58) | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels of the Job's pod that checks before an upgrade. */}}
{{- define "idp-bridge.checkLabels" -}}
app.kubernetes.io/name: {{ printf "%s-check" (include "idp-bridge.name" . | trunc 57) | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels of every object of the chart. */}}
{{- define "idp-bridge.chartLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "idp-bridge.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{/* The chart's labels (`own`: others in their place), then commonLabels and `labels`, each name once: what is said for
one object counts before what is said for all. Call with (dict "context" $ "own" text "labels" map). */}}
{{- define "idp-bridge.labels" -}}
{{- $own := default (include "idp-bridge.chartLabels" .context) .own -}}
{{- $added := merge (dict) (default dict .labels) .context.Values.commonLabels -}}
{{- $own }}
{{- range $name, $value := $added }}
{{- if hasKey (fromYaml $own) $name }}
{{- fail (printf "%s: this label is the chart's own, by which its pods are found. Remove it from commonLabels, podLabels and labels." $name) }}
{{- end }}
{{ $name | quote }}: {{ tpl (include "idp-bridge.text" $value) $.context | quote }}
{{- end }}
{{- end -}}

{{/* A label's or an annotation's value as text: 1000000, not 1e+06. */}}
{{- define "idp-bridge.text" -}}
{{- if kindIs "string" . -}}{{- . -}}{{- else -}}{{- include "idp-bridge.json" . -}}{{- end -}}
{{- end -}}

{{/* Annotations, with templates filled in; call with (dict "context" $ "annotations" map). */}}
{{- define "idp-bridge.annotations" -}}
{{- range $name, $value := .annotations }}
{{ $name | quote }}: {{ tpl (include "idp-bridge.text" $value) $.context | quote }}
{{- end }}
{{- end -}}

{{/* The metadata of an object; call with (dict "context" $ "suffix" "-x" "annotations" map "labels" map). */}}
{{- define "idp-bridge.metadata" -}}
{{- $annotations := merge (dict) (default dict .annotations) .context.Values.commonAnnotations -}}
name: {{ printf "%s%s" (include "idp-bridge.fullname" .context) (default "" .suffix) | quote }}
namespace: {{ include "idp-bridge.namespace" .context | quote }}
labels:
  {{- include "idp-bridge.labels" (dict "context" .context "labels" .labels) | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- include "idp-bridge.annotations" (dict "context" $.context "annotations" .) | trim | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "idp-bridge.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "idp-bridge.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "idp-bridge.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- $name := ternary .Values.image.repository (printf "%s/%s" $registry .Values.image.repository) (empty $registry) -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
