{{/*
Autoscaling: what is asked of Prometheus. Every coordinator exports the same figures of runners and nodes, hence the max by id. An
answer is a number of replicas times what one of them is meant to bear, so that an autoscaler divides it by that. Of a member that is
down the last figures stay for a while, and what drains is on its way out: only those that are up count.
*/}}

{{- /* Prompt tokens that wait at a model's runners: (list $ NAME). A runner's id is its pod's name. */ -}}
{{- define "kvern.waitingTokens" -}}
sum(max by (id) (kvern_runner_queued_prefill_tokens{{ include "kvern.ofModel" . }} {{ include "kvern.ifUp" . }}))
{{- end -}}

{{- define "kvern.runningRequests" -}}
sum(max by (id) (kvern_runner_running_requests{{ include "kvern.ofModel" . }} {{ include "kvern.ifUp" . }})) + sum(max by (id) (kvern_runner_queued_requests{{ include "kvern.ofModel" . }} {{ include "kvern.ifUp" . }}))
{{- end -}}

{{- define "kvern.ifUp" -}}
and on (job, instance, id) kvern_member_up == 1
{{- end -}}

{{- define "kvern.ofModel" -}}
{job="{{ include "kvern.job" (index . 0) }}",id=~"{{ include "kvern.runnerName" . }}-[a-z0-9]+-[a-z0-9]+"}
{{- end -}}

{{- /* The age in seconds at which the median block was evicted; nothing where none was: (list $ WINDOW). */ -}}
{{- define "kvern.medianLifetime" -}}
(histogram_quantile(0.5, sum by (le) (max by (id, le) (rate(kvern_node_lifetime_seconds_bucket{job="{{ include "kvern.job" (index . 0) }}"}[{{ index . 1 }}])))) >= 0)
{{- end -}}

{{- /* How many nodes' regions the blocks would fill, if none were kept for longer than shrinkAboveSeconds. */ -}}
{{- define "kvern.filledNodes" -}}
{{- $job := include "kvern.job" . -}}
sum(max by (id) (kvern_node_used_bytes{job="{{ $job }}"} {{ include "kvern.ifUp" . }})) / avg(max by (id) (kvern_node_capacity_bytes{job="{{ $job }}"})) * (clamp_max({{ .Values.node.autoscaling.shrinkAboveSeconds | int64 }} / {{ include "kvern.medianLifetime" (list . "30m") }}, 1) or vector(1))
{{- end -}}

{{- /*
More nodes than there are while blocks are evicted young, else 0. By so many that it is beyond what autoscalers put up with, a tenth, however
many there are; they add one at a time all the same. The window is shorter than their step: by then it has nothing in it of what was before.
*/ -}}
{{- define "kvern.pressedNodes" -}}
((count(max by (id) (kvern_member_up{job="{{ include "kvern.job" . }}",role="node"}) == 1) * 1.5 + 1) and {{ include "kvern.medianLifetime" (list . "10m") }} < {{ .Values.node.autoscaling.growBelowSeconds | int64 }}) or vector(0)
{{- end -}}

{{- /*
All metrics as YAML: name, target (the scaled object), kind, query, share (what one replica bears), min, max, stabilization, step (seconds
between one replica less and the next), growStep (between one more and the next).
*/ -}}
{{- define "kvern.scaled" -}}
{{- $full := include "kvern.fullname" . -}}
{{- if .Values.node.autoscaling.enabled }}
{{- $auto := .Values.node.autoscaling }}
{{- $zones := .Values.node.zones | default (list "") }}
{{- $of := len $zones }}
{{- range $zones }}
- target: {{ include "kvern.nodeSet" (list $ .) }}
  kind: StatefulSet
  component: node
  min: {{ div (add ($auto.minReplicas | int64) (sub $of 1)) $of }}
  max: {{ div (add ($auto.maxReplicas | int64) (sub $of 1)) $of }}
  stabilization: {{ $auto.stabilizationSeconds | int64 }}
  # One drains before the next is asked to.
  step: {{ add ($.Values.node.drainSeconds | int64) 60 }}
  # One has started and taken its part, and the window of pressed nodes has passed, before the next.
  growStep: 900
  metrics:
    - name: kvern_scaling_filled_nodes
      query: {{ include "kvern.filledNodes" $ | quote }}
      share: {{ mulf $auto.occupancy $of | quote }}
    - name: kvern_scaling_pressed_nodes
      query: {{ include "kvern.pressedNodes" $ | quote }}
      share: {{ $of | quote }}
{{- end }}
{{- end }}
{{- range $key, $_ := .Values.models }}
{{- $model := include "kvern.model" (list $ $key) | fromYaml }}
{{- $auto := $model.autoscaling }}
{{- if $auto.enabled }}
- target: {{ include "kvern.runnerName" (list $ $key) }}
  kind: Deployment
  component: runner
  min: {{ $auto.minReplicas }}
  max: {{ $auto.maxReplicas }}
  stabilization: {{ $auto.stabilizationSeconds | int64 }}
  step: 60
  growStep: 30
  metrics:
    - name: kvern_scaling_waiting_tokens
      query: {{ include "kvern.waitingTokens" (list $ $key) | quote }}
      share: {{ $auto.queuedPrefillTokens | int64 | quote }}
    - name: kvern_scaling_running_requests
      query: {{ include "kvern.runningRequests" (list $ $key) | quote }}
      share: {{ $auto.runningRequests | int64 | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* How fast, of an entry of the above. */ -}}
{{- define "kvern.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 30
  policies:
    - type: Pods
      value: 1
      periodSeconds: {{ .growStep }}
scaleDown:
  stabilizationWindowSeconds: {{ .stabilization }}
  policies:
    - type: Pods
      value: 1
      periodSeconds: {{ .step }}
{{- end -}}
