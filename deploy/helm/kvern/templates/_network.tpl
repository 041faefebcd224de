{{/* Network policies: what must be named, and what every pod may reach. */}}

{{- /* What is let in by one value must not be kept out by another that nobody has looked at. */ -}}
{{- define "kvern.checkNetwork" -}}
{{- $default := list (dict "podSelector" dict) | toJson -}}
{{- $http := eq (toJson .Values.networkPolicy.httpClients) $default -}}
{{- $grpc := eq (toJson .Values.networkPolicy.grpcClients) $default -}}
{{- $still := "still every pod in the namespace and nobody else" -}}
{{- $service := .Values.coordinator.service.type -}}
{{- if and $http $grpc (ne $service "ClusterIP") -}}
{{- fail (printf "networkPolicy.httpClients, networkPolicy.grpcClients: %s, with coordinator.service.type %s (expected: in one of the two whom it lets in, such as [{ipBlock: {cidr: 192.0.2.0/24}}])" $still $service) -}}
{{- end -}}
{{- range $name, $on := dict "ingress" .Values.ingress.enabled "httpRoute" .Values.httpRoute.enabled "monitoring.serviceMonitor" .Values.monitoring.serviceMonitor.enabled -}}
{{- if and $on $http -}}
{{- fail (printf "networkPolicy.httpClients: %s, with %s.enabled (expected: the pods that it comes from too, such as [{podSelector: {}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}}])" $still $name (eq $name "monitoring.serviceMonitor" | ternary "monitoring" "ingress-nginx")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kvern.commonEgress" -}}
# Names.
- ports:
    {{- range .Values.networkPolicy.dnsPorts }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
