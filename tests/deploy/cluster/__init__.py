"""A small real Kubernetes: etcd, API server and controllers, and a stand-in for what needs a kernel of its own.

The stand-in for the kubelet runs the real image's files by bubblewrap in a network namespace for each pod, gives them
ConfigMaps and Secrets as the kubelet does (folders whose ``..data`` link is swapped), probes them over HTTP and reports
what it sees; the stand-in for kube-proxy forwards a Service's address to its ready endpoints.
"""
