{{/* Arithmetic and merging. */}}

{{- /* 4Gi as bytes. */ -}}
{{- define "kvern.bytes" -}}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[KMGT]i$" .)) -}}
{{- end -}}

{{- /* 4Gi as JVMs write it: 4g. */ -}}
{{- define "kvern.jvmBytes" -}}
{{- trimSuffix "i" . | lower -}}
{{- end -}}

{{- /* 2 or 1500m as a whole number of processors, at least as many. */ -}}
{{- define "kvern.processors" -}}
{{- $text := . | toString -}}
{{- if hasSuffix "m" $text -}}
{{- div (add (trimSuffix "m" $text | int64) 999) 1000 -}}
{{- else -}}
{{- ceil (float64 $text) | int64 -}}
{{- end -}}
{{- end -}}

{{- /* Puts all of (index . 1) into (index . 0), map by map; false, 0 and "" count, other than for mergeOverwrite. */ -}}
{{- define "kvern.put" -}}
{{- $into := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $into $key)) -}}
{{- include "kvern.put" (list (get $into $key) $value) -}}
{{- else -}}
{{- $_ := set $into $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Fails if a configuration has keys that follow from other values: (list CONFIG "node.config" (dict "backups" "node.backups")). */ -}}
{{- define "kvern.reserved" -}}
{{- $where := index . 1 -}}
{{- $config := index . 0 -}}
{{- range $key, $instead := index . 2 -}}
{{- $at := dict "" $config -}}
{{- range splitList "." $key -}}
{{- $map := get $at "" -}}
{{- if and (kindIs "map" $map) (hasKey $map .) -}}
{{- $_ := set $at "" (get $map .) -}}
{{- else -}}
{{- $_ := unset $at "" -}}
{{- end -}}
{{- end -}}
{{- if hasKey $at "" -}}
{{- fail (printf "%s.%s: %v (expected: absent; %s)" $where $key (get $at "") $instead) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The chart's own keys, then telemetry, then the given ones: (list $ OWN CONFIG). */ -}}
{{- define "kvern.config" -}}
{{- $root := index . 0 -}}
{{- $all := deepCopy (index . 1) -}}
{{- $telemetry := dict "otlp_endpoint" $root.Values.telemetry.otlpEndpoint "sample_ratio" $root.Values.telemetry.sampleRatio -}}
{{- $_ := set $all "telemetry" $telemetry -}}
{{- include "kvern.put" (list $all (index . 2)) -}}
{{- toYaml $all -}}
{{- end -}}

{{- /* A model's values: what it says, on top of what all runners have: (list $ NAME) as YAML. */ -}}
{{- define "kvern.model" -}}
{{- $all := deepCopy (index . 0).Values.runner -}}
{{- include "kvern.put" (list $all (get (index . 0).Values.models (index . 1) | deepCopy)) -}}
{{- toYaml $all -}}
{{- end -}}
