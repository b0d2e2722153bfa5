{{/* A value as JSON, which is YAML. Unlike toYaml and toJson it writes large whole numbers out: 1000000, not 1e+06. */}}
{{- define "idp-bridge.json" -}}
{{- if kindIs "map" . -}}
{ {{- $first := true -}}
{{- range $key, $value := . -}}
{{- if not $first -}}, {{ end -}}{{- $first = false -}}
{{ $key | toJson }}: {{ include "idp-bridge.json" $value -}}
{{- end -}} }
{{- else if kindIs "slice" . -}}
[ {{- range $position, $value := . -}}
{{- if $position -}}, {{ end -}}{{ include "idp-bridge.json" $value -}}
{{- end -}} ]
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toJson . -}}
{{- end -}}
{{- end -}}

{{/* The configuration file's text. */}}
{{- define "idp-bridge.configText" -}}
{{- if kindIs "string" .Values.config -}}
{{- .Values.config -}}
{{- else -}}
{{- include "idp-bridge.json" .Values.config -}}
{{- end -}}
{{- end -}}

{{/* What is in the ConfigMap, and so in its name with configReload: rollout. The indentation is named (|2): the first
line of somebody's file may be indented more than the others. */}}
{{- define "idp-bridge.configData" -}}
bridge.yaml: |2
  {{- include "idp-bridge.configText" . | nindent 2 }}
{{- with .Values.mappingTests }}
bridge.tests.yaml: |2
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "idp-bridge.configMapName" -}}
{{- if .Values.existingConfigMap.name -}}
{{- tpl .Values.existingConfigMap.name . -}}
{{- else if eq .Values.configReload "rollout" -}}
{{- printf "%s-%s" (include "idp-bridge.fullname" .) (include "idp-bridge.configData" . | sha256sum | trunc 10) -}}
{{- else -}}
{{- include "idp-bridge.fullname" . -}}
{{- end -}}
{{- end -}}

{{- define "idp-bridge.headerTokenSecret" -}}
{{- if .Values.headerToken.existingSecret -}}
{{- tpl .Values.headerToken.existingSecret . -}}
{{- else -}}
{{- printf "%s-header-token" (include "idp-bridge.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* What no schema can say; every mistake stops the template with a sentence. */}}
{{- define "idp-bridge.validate" -}}
{{- if and (not .Values.config) (not .Values.existingConfigMap.name) -}}
{{- fail "config: missing. Give the configuration file: --set-file config=bridge.yaml, or existingConfigMap.name." -}}
{{- end -}}
{{- if and .Values.config .Values.existingConfigMap.name -}}
{{- fail "config and existingConfigMap.name: both given. Remove one." -}}
{{- end -}}
{{- if and .Values.mappingTests .Values.existingConfigMap.name -}}
{{- fail "mappingTests and existingConfigMap.name: both given, and a ConfigMap of yours is not added to. Remove mappingTests." -}}
{{- end -}}
{{- if and .Values.preUpgradeCheck.enabled .Values.existingConfigMap.name -}}
{{- fail "preUpgradeCheck.enabled beside existingConfigMap.name: the check has a copy of `config`, and there is none. Switch it off." -}}
{{- end -}}
{{- if and (kindIs "string" .Values.config) .Values.config (not (contains "version:" .Values.config)) -}}
{{- fail "config: no `version:` in it. It is the text of bridge.yaml, not a file's name: --set-file config=bridge.yaml" -}}
{{- end -}}
{{- if and (not .Values.headerToken.existingSecret) (not .Values.headerToken.value) -}}
{{- fail "headerToken: missing. Set headerToken.existingSecret to a Secret that holds what is typed into CX Genie." -}}
{{- end -}}
{{- if and .Values.headerToken.existingSecret .Values.headerToken.value -}}
{{- fail "headerToken: existingSecret and value are both given. Remove value." -}}
{{- end -}}
{{- if and .Values.headerToken.value (not (regexMatch "^[!-+\\--~]{16,512}$" .Values.headerToken.value)) -}}
{{- fail "headerToken.value: at least 16 visible ASCII characters without blank or comma were expected." -}}
{{- end -}}
{{- if and .Values.caBundle.existingConfigMap .Values.caBundle.existingSecret -}}
{{- fail "caBundle: existingConfigMap and existingSecret are both given. Remove one." -}}
{{- end -}}
{{- if hasKey .Values.secretFiles "header-token" -}}
{{- fail "secretFiles.header-token: that file is headerToken's. Choose another name." -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail "autoscaling.enabled and keda.enabled: both would scale the same pods. Switch one off." -}}
{{- end -}}
{{- if and (or .Values.autoscaling.enabled .Values.keda.enabled) (eq (int .Values.replicaCount) 0) -}}
{{- fail "replicaCount: 0 beside autoscaling, which never scales from zero. Remove it, or switch autoscaling off." -}}
{{- end -}}
{{- range $name := list "autoscaling" "keda" -}}
{{- $scaling := get $.Values $name -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "%s.minReplicas: more than maxReplicas." $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.keda.enabled (empty .Values.keda.triggers) -}}
{{- fail "keda.triggers: missing. KEDA scales by them." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (empty .Values.ingress.hosts) -}}
{{- fail "ingress.hosts: missing. Without a host the Ingress would answer for every name: [{host: chat.shop.example, paths: [/]}]" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (empty .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: missing. A route belongs to a gateway: [{name: GATEWAY}]" -}}
{{- end -}}
{{- if ge (int .Values.preStopSleepSeconds) (int .Values.terminationGracePeriodSeconds) -}}
{{- fail "preStopSleepSeconds: not less than terminationGracePeriodSeconds; nothing in flight could be finished." -}}
{{- end -}}
{{- end -}}
