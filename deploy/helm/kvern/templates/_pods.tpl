{{/* What all pods have. */}}

{{- define "kvern.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.security.user | int64 }}
runAsGroup: {{ .Values.security.user | int64 }}
fsGroup: {{ .Values.security.user | int64 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "kvern.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* (list $ COMPONENT SELECTOR-LABELS-AS-YAML) */ -}}
{{- define "kvern.scheduling" -}}
{{- $component := index . 1 -}}
{{- with $component.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if and (ne $component.zoneSpread "none") (not $component.zones) }}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    maxSkew: 1
    whenUnsatisfiable: {{ eq $component.zoneSpread "required" | ternary "DoNotSchedule" "ScheduleAnyway" }}
    labelSelector:
      matchLabels:
        {{- index . 2 | nindent 8 }}
{{- end }}
{{- end -}}

{{- /* (list COMPONENT SELECTOR-LABELS-AS-YAML) */ -}}
{{- define "kvern.podAntiAffinity" -}}
{{- if eq (index . 0).antiAffinity "required" }}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- index . 1 | nindent 10 }}
{{- else if eq (index . 0).antiAffinity "preferred" }}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- index . 1 | nindent 12 }}
{{- end }}
{{- end -}}

{{- /* Who the pod is, the JVM's flags (those of the image first), how to log: (list $ COMPONENT "@FILE ..."). */ -}}
{{- define "kvern.environment" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}
{{- if lt (include "kvern.bytes" $component.heap | int64) 67108864 -}}
{{- fail (printf "heap: %s (expected: at least 64Mi, which JVMs begin with)" $component.heap) -}}
{{- end -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: JDK_JAVA_OPTIONS
  value: {{ printf "%s -Xmx%s -XX:MaxDirectMemorySize=%s %s" (index . 2) (include "kvern.jvmBytes" $component.heap) (include "kvern.jvmBytes" $component.direct) (join " " $component.jvm) | trim | quote }}
- name: KVERN_LOG
  value: {{ $root.Values.log.level }}
- name: KVERN_LOG_FORMAT
  value: {{ $root.Values.log.format }}
{{- range $name, $value := $component.env }}
- name: {{ $name | quote }}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- end -}}

{{- /* (list CPU BYTES) */ -}}
{{- define "kvern.resources" -}}
requests:
  cpu: {{ (index . 0).request | quote }}
  memory: {{ index . 1 | quote }}
limits:
  {{- with (index . 0).limit }}
  cpu: {{ . | quote }}
  {{- end }}
  memory: {{ index . 1 | quote }}
{{- end -}}

{{- /* gRPC probes: (list PORT STARTUP-SECONDS) */ -}}
{{- define "kvern.grpcProbes" -}}
startupProbe:
  grpc:
    port: {{ index . 0 }}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ div (add (index . 1) 1) 2 }}
readinessProbe:
  grpc:
    port: {{ index . 0 }}
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  grpc:
    port: {{ index . 0 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{- define "kvern.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}
