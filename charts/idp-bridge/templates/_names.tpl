{{/* The chart's name, as it stands in labels. */}}
{{- define "idp-bridge.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object: at most 52 characters, so that a suffix of ours still fits into 63. */}}
{{- define "idp-bridge.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "idp-bridge.name" . -}}
{{- $release := .Release.Name -}}
{{- ternary $release (printf "%s-%s" $release $name) (contains $name $release) | trunc 52 | trimSuffix "-" -}}
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

{{- define "idp-bridge.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "idp-bridge.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- range $name, $value := .Values.commonLabels }}
{{ $name | quote }}: {{ tpl (toString $value) $ | quote }}
{{- end }}
{{- end -}}

{{/* The metadata of an object; call with (dict "context" $ "suffix" "-x" "annotations" map "labels" map). */}}
{{- define "idp-bridge.metadata" -}}
{{- $annotations := merge (dict) (default dict .annotations) .context.Values.commonAnnotations -}}
name: {{ printf "%s%s" (include "idp-bridge.fullname" .context) (default "" .suffix) | quote }}
namespace: {{ include "idp-bridge.namespace" .context | quote }}
labels:
  {{- include "idp-bridge.labels" .context | nindent 2 }}
  {{- range $name, $value := .labels }}
  {{ $name | quote }}: {{ $value | quote }}
  {{- end }}
{{- with $annotations }}
annotations:
  {{- range $name, $value := . }}
  {{ $name | quote }}: {{ tpl (toString $value) $.context | quote }}
  {{- end }}
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
