{{/* What both containers of the pod have in common. */}}
{{- define "idp-bridge.container" -}}
image: {{ include "idp-bridge.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
env:
  {{- if .Values.valkey.existingSecret }}
  - name: VALKEY_URL
    valueFrom:
      secretKeyRef:
        name: {{ tpl .Values.valkey.existingSecret . | quote }}
        key: {{ .Values.valkey.key | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- tpl (toYaml .) $ | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
volumeMounts:
  - name: config
    mountPath: /etc/idp-bridge
    readOnly: true
  - name: secrets
    mountPath: /run/secrets/idp-bridge
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- if .Values.state.enabled }}
  - name: state
    mountPath: /var/lib/idp-bridge
  {{- end }}
  {{- if or .Values.caBundle.existingConfigMap .Values.caBundle.existingSecret }}
  - name: ca
    mountPath: /etc/idp-bridge-ca
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- tpl (toYaml .) $ | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "idp-bridge.volumes" -}}
- name: config
  configMap:
    name: {{ include "idp-bridge.configMapName" . | quote }}
    {{- if ne .Values.existingConfigMap.key "bridge.yaml" }}
    items:
      - key: {{ .Values.existingConfigMap.key | quote }}
        path: bridge.yaml
    {{- end }}
# Whole folders, not single files: only they are renewed when a Secret changes.
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "idp-bridge.headerTokenSecret" . | quote }}
          items:
            - key: {{ .Values.headerToken.key | quote }}
              path: header-token
      {{- range $file, $secret := .Values.secretFiles }}
      - secret:
          name: {{ tpl $secret.existingSecret $ | quote }}
          items:
            - key: {{ $secret.key | quote }}
              path: {{ $file | quote }}
      {{- end }}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
{{- if .Values.state.enabled }}
- name: state
  {{- if .Values.state.existingClaim }}
  persistentVolumeClaim:
    claimName: {{ tpl .Values.state.existingClaim . | quote }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.state.sizeLimit }}
  {{- end }}
{{- end }}
{{- if .Values.caBundle.existingConfigMap }}
- name: ca
  configMap:
    name: {{ tpl .Values.caBundle.existingConfigMap . | quote }}
    items:
      - key: {{ .Values.caBundle.key | quote }}
        path: ca.pem
{{- else if .Values.caBundle.existingSecret }}
- name: ca
  secret:
    secretName: {{ tpl .Values.caBundle.existingSecret . | quote }}
    items:
      - key: {{ .Values.caBundle.key | quote }}
        path: ca.pem
{{- end }}
{{- with .Values.extraVolumes }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end -}}

{{/* Where a pod may run and what it finds there: for the hooks' pods too, which a cluster of tainted nodes or a policy
that asks for a priority class would otherwise never start. */}}
{{- define "idp-bridge.node" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "idp-bridge.imagePullSecrets" -}}
{{- with concat .Values.imagePullSecrets (default list .Values.global.imagePullSecrets) }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where nothing is said: pods spread over nodes and zones as far as there are any. */}}
{{- define "idp-bridge.topologySpreadConstraints" -}}
{{- if .Values.topologySpreadConstraints -}}
{{- tpl (toYaml .Values.topologySpreadConstraints) . -}}
{{- else -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "idp-bridge.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}
{{- end -}}

{{/* A container that looks at the configuration alone, without secrets. */}}
{{- define "idp-bridge.checkContainer" -}}
image: {{ include "idp-bridge.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - name: config
    mountPath: /etc/idp-bridge
    readOnly: true
  - name: tmp
    mountPath: /tmp
resources:
  {{- toYaml .Values.checkResources | nindent 2 }}
{{- end -}}
