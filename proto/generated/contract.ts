import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { CircuitBreakers as _envoy_config_cluster_v3_CircuitBreakers, CircuitBreakers__Output as _envoy_config_cluster_v3_CircuitBreakers__Output } from './envoy/config/cluster/v3/CircuitBreakers.ts';
import type { Cluster as _envoy_config_cluster_v3_Cluster, Cluster__Output as _envoy_config_cluster_v3_Cluster__Output } from './envoy/config/cluster/v3/Cluster.ts';
import type { LoadBalancingPolicy as _envoy_config_cluster_v3_LoadBalancingPolicy, LoadBalancingPolicy__Output as _envoy_config_cluster_v3_LoadBalancingPolicy__Output } from './envoy/config/cluster/v3/LoadBalancingPolicy.ts';
import type { OutlierDetection as _envoy_config_cluster_v3_OutlierDetection, OutlierDetection__Output as _envoy_config_cluster_v3_OutlierDetection__Output } from './envoy/config/cluster/v3/OutlierDetection.ts';
import type { UpstreamConnectionOptions as _envoy_config_cluster_v3_UpstreamConnectionOptions, UpstreamConnectionOptions__Output as _envoy_config_cluster_v3_UpstreamConnectionOptions__Output } from './envoy/config/cluster/v3/UpstreamConnectionOptions.ts';
import type { Address as _envoy_config_core_v3_Address, Address__Output as _envoy_config_core_v3_Address__Output } from './envoy/config/core/v3/Address.ts';
import type { AggregatedConfigSource as _envoy_config_core_v3_AggregatedConfigSource, AggregatedConfigSource__Output as _envoy_config_core_v3_AggregatedConfigSource__Output } from './envoy/config/core/v3/AggregatedConfigSource.ts';
import type { ConfigSource as _envoy_config_core_v3_ConfigSource, ConfigSource__Output as _envoy_config_core_v3_ConfigSource__Output } from './envoy/config/core/v3/ConfigSource.ts';
import type { ControlPlane as _envoy_config_core_v3_ControlPlane, ControlPlane__Output as _envoy_config_core_v3_ControlPlane__Output } from './envoy/config/core/v3/ControlPlane.ts';
import type { DataSource as _envoy_config_core_v3_DataSource, DataSource__Output as _envoy_config_core_v3_DataSource__Output } from './envoy/config/core/v3/DataSource.ts';
import type { GrpcService as _envoy_config_core_v3_GrpcService, GrpcService__Output as _envoy_config_core_v3_GrpcService__Output } from './envoy/config/core/v3/GrpcService.ts';
import type { HeaderValue as _envoy_config_core_v3_HeaderValue, HeaderValue__Output as _envoy_config_core_v3_HeaderValue__Output } from './envoy/config/core/v3/HeaderValue.ts';
import type { HeaderValueOption as _envoy_config_core_v3_HeaderValueOption, HeaderValueOption__Output as _envoy_config_core_v3_HeaderValueOption__Output } from './envoy/config/core/v3/HeaderValueOption.ts';
import type { HealthCheck as _envoy_config_core_v3_HealthCheck, HealthCheck__Output as _envoy_config_core_v3_HealthCheck__Output } from './envoy/config/core/v3/HealthCheck.ts';
import type { Http1ProtocolOptions as _envoy_config_core_v3_Http1ProtocolOptions, Http1ProtocolOptions__Output as _envoy_config_core_v3_Http1ProtocolOptions__Output } from './envoy/config/core/v3/Http1ProtocolOptions.ts';
import type { Http2ProtocolOptions as _envoy_config_core_v3_Http2ProtocolOptions, Http2ProtocolOptions__Output as _envoy_config_core_v3_Http2ProtocolOptions__Output } from './envoy/config/core/v3/Http2ProtocolOptions.ts';
import type { HttpProtocolOptions as _envoy_config_core_v3_HttpProtocolOptions, HttpProtocolOptions__Output as _envoy_config_core_v3_HttpProtocolOptions__Output } from './envoy/config/core/v3/HttpProtocolOptions.ts';
import type { KeepaliveSettings as _envoy_config_core_v3_KeepaliveSettings, KeepaliveSettings__Output as _envoy_config_core_v3_KeepaliveSettings__Output } from './envoy/config/core/v3/KeepaliveSettings.ts';
import type { Locality as _envoy_config_core_v3_Locality, Locality__Output as _envoy_config_core_v3_Locality__Output } from './envoy/config/core/v3/Locality.ts';
import type { Metadata as _envoy_config_core_v3_Metadata, Metadata__Output as _envoy_config_core_v3_Metadata__Output } from './envoy/config/core/v3/Metadata.ts';
import type { Node as _envoy_config_core_v3_Node, Node__Output as _envoy_config_core_v3_Node__Output } from './envoy/config/core/v3/Node.ts';
import type { RuntimeDouble as _envoy_config_core_v3_RuntimeDouble, RuntimeDouble__Output as _envoy_config_core_v3_RuntimeDouble__Output } from './envoy/config/core/v3/RuntimeDouble.ts';
import type { RuntimeFractionalPercent as _envoy_config_core_v3_RuntimeFractionalPercent, RuntimeFractionalPercent__Output as _envoy_config_core_v3_RuntimeFractionalPercent__Output } from './envoy/config/core/v3/RuntimeFractionalPercent.ts';
import type { RuntimePercent as _envoy_config_core_v3_RuntimePercent, RuntimePercent__Output as _envoy_config_core_v3_RuntimePercent__Output } from './envoy/config/core/v3/RuntimePercent.ts';
import type { RuntimeUInt32 as _envoy_config_core_v3_RuntimeUInt32, RuntimeUInt32__Output as _envoy_config_core_v3_RuntimeUInt32__Output } from './envoy/config/core/v3/RuntimeUInt32.ts';
import type { SelfConfigSource as _envoy_config_core_v3_SelfConfigSource, SelfConfigSource__Output as _envoy_config_core_v3_SelfConfigSource__Output } from './envoy/config/core/v3/SelfConfigSource.ts';
import type { SocketAddress as _envoy_config_core_v3_SocketAddress, SocketAddress__Output as _envoy_config_core_v3_SocketAddress__Output } from './envoy/config/core/v3/SocketAddress.ts';
import type { TcpKeepalive as _envoy_config_core_v3_TcpKeepalive, TcpKeepalive__Output as _envoy_config_core_v3_TcpKeepalive__Output } from './envoy/config/core/v3/TcpKeepalive.ts';
import type { TransportSocket as _envoy_config_core_v3_TransportSocket, TransportSocket__Output as _envoy_config_core_v3_TransportSocket__Output } from './envoy/config/core/v3/TransportSocket.ts';
import type { TypedExtensionConfig as _envoy_config_core_v3_TypedExtensionConfig, TypedExtensionConfig__Output as _envoy_config_core_v3_TypedExtensionConfig__Output } from './envoy/config/core/v3/TypedExtensionConfig.ts';
import type { ClusterLoadAssignment as _envoy_config_endpoint_v3_ClusterLoadAssignment, ClusterLoadAssignment__Output as _envoy_config_endpoint_v3_ClusterLoadAssignment__Output } from './envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { Endpoint as _envoy_config_endpoint_v3_Endpoint, Endpoint__Output as _envoy_config_endpoint_v3_Endpoint__Output } from './envoy/config/endpoint/v3/Endpoint.ts';
import type { LbEndpoint as _envoy_config_endpoint_v3_LbEndpoint, LbEndpoint__Output as _envoy_config_endpoint_v3_LbEndpoint__Output } from './envoy/config/endpoint/v3/LbEndpoint.ts';
import type { LocalityLbEndpoints as _envoy_config_endpoint_v3_LocalityLbEndpoints, LocalityLbEndpoints__Output as _envoy_config_endpoint_v3_LocalityLbEndpoints__Output } from './envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { ApiListener as _envoy_config_listener_v3_ApiListener, ApiListener__Output as _envoy_config_listener_v3_ApiListener__Output } from './envoy/config/listener/v3/ApiListener.ts';
import type { Filter as _envoy_config_listener_v3_Filter, Filter__Output as _envoy_config_listener_v3_Filter__Output } from './envoy/config/listener/v3/Filter.ts';
import type { FilterChain as _envoy_config_listener_v3_FilterChain, FilterChain__Output as _envoy_config_listener_v3_FilterChain__Output } from './envoy/config/listener/v3/FilterChain.ts';
import type { FilterChainMatch as _envoy_config_listener_v3_FilterChainMatch, FilterChainMatch__Output as _envoy_config_listener_v3_FilterChainMatch__Output } from './envoy/config/listener/v3/FilterChainMatch.ts';
import type { Listener as _envoy_config_listener_v3_Listener, Listener__Output as _envoy_config_listener_v3_Listener__Output } from './envoy/config/listener/v3/Listener.ts';
import type { ListenerFilter as _envoy_config_listener_v3_ListenerFilter, ListenerFilter__Output as _envoy_config_listener_v3_ListenerFilter__Output } from './envoy/config/listener/v3/ListenerFilter.ts';
import type { RateLimitServiceConfig as _envoy_config_ratelimit_v3_RateLimitServiceConfig, RateLimitServiceConfig__Output as _envoy_config_ratelimit_v3_RateLimitServiceConfig__Output } from './envoy/config/ratelimit/v3/RateLimitServiceConfig.ts';
import type { DirectResponseAction as _envoy_config_route_v3_DirectResponseAction, DirectResponseAction__Output as _envoy_config_route_v3_DirectResponseAction__Output } from './envoy/config/route/v3/DirectResponseAction.ts';
import type { HeaderMatcher as _envoy_config_route_v3_HeaderMatcher, HeaderMatcher__Output as _envoy_config_route_v3_HeaderMatcher__Output } from './envoy/config/route/v3/HeaderMatcher.ts';
import type { HedgePolicy as _envoy_config_route_v3_HedgePolicy, HedgePolicy__Output as _envoy_config_route_v3_HedgePolicy__Output } from './envoy/config/route/v3/HedgePolicy.ts';
import type { NonForwardingAction as _envoy_config_route_v3_NonForwardingAction, NonForwardingAction__Output as _envoy_config_route_v3_NonForwardingAction__Output } from './envoy/config/route/v3/NonForwardingAction.ts';
import type { QueryParameterMatcher as _envoy_config_route_v3_QueryParameterMatcher, QueryParameterMatcher__Output as _envoy_config_route_v3_QueryParameterMatcher__Output } from './envoy/config/route/v3/QueryParameterMatcher.ts';
import type { RateLimit as _envoy_config_route_v3_RateLimit, RateLimit__Output as _envoy_config_route_v3_RateLimit__Output } from './envoy/config/route/v3/RateLimit.ts';
import type { RedirectAction as _envoy_config_route_v3_RedirectAction, RedirectAction__Output as _envoy_config_route_v3_RedirectAction__Output } from './envoy/config/route/v3/RedirectAction.ts';
import type { RetryPolicy as _envoy_config_route_v3_RetryPolicy, RetryPolicy__Output as _envoy_config_route_v3_RetryPolicy__Output } from './envoy/config/route/v3/RetryPolicy.ts';
import type { Route as _envoy_config_route_v3_Route, Route__Output as _envoy_config_route_v3_Route__Output } from './envoy/config/route/v3/Route.ts';
import type { RouteAction as _envoy_config_route_v3_RouteAction, RouteAction__Output as _envoy_config_route_v3_RouteAction__Output } from './envoy/config/route/v3/RouteAction.ts';
import type { RouteConfiguration as _envoy_config_route_v3_RouteConfiguration, RouteConfiguration__Output as _envoy_config_route_v3_RouteConfiguration__Output } from './envoy/config/route/v3/RouteConfiguration.ts';
import type { RouteMatch as _envoy_config_route_v3_RouteMatch, RouteMatch__Output as _envoy_config_route_v3_RouteMatch__Output } from './envoy/config/route/v3/RouteMatch.ts';
import type { VirtualHost as _envoy_config_route_v3_VirtualHost, VirtualHost__Output as _envoy_config_route_v3_VirtualHost__Output } from './envoy/config/route/v3/VirtualHost.ts';
import type { WeightedCluster as _envoy_config_route_v3_WeightedCluster, WeightedCluster__Output as _envoy_config_route_v3_WeightedCluster__Output } from './envoy/config/route/v3/WeightedCluster.ts';
import type { LocalRateLimitDescriptor as _envoy_extensions_common_ratelimit_v3_LocalRateLimitDescriptor, LocalRateLimitDescriptor__Output as _envoy_extensions_common_ratelimit_v3_LocalRateLimitDescriptor__Output } from './envoy/extensions/common/ratelimit/v3/LocalRateLimitDescriptor.ts';
import type { RateLimitDescriptor as _envoy_extensions_common_ratelimit_v3_RateLimitDescriptor, RateLimitDescriptor__Output as _envoy_extensions_common_ratelimit_v3_RateLimitDescriptor__Output } from './envoy/extensions/common/ratelimit/v3/RateLimitDescriptor.ts';
import type { FaultDelay as _envoy_extensions_filters_common_fault_v3_FaultDelay, FaultDelay__Output as _envoy_extensions_filters_common_fault_v3_FaultDelay__Output } from './envoy/extensions/filters/common/fault/v3/FaultDelay.ts';
import type { FaultRateLimit as _envoy_extensions_filters_common_fault_v3_FaultRateLimit, FaultRateLimit__Output as _envoy_extensions_filters_common_fault_v3_FaultRateLimit__Output } from './envoy/extensions/filters/common/fault/v3/FaultRateLimit.ts';
import type { AdaptiveConcurrency as _envoy_extensions_filters_http_adaptive_concurrency_v3_AdaptiveConcurrency, AdaptiveConcurrency__Output as _envoy_extensions_filters_http_adaptive_concurrency_v3_AdaptiveConcurrency__Output } from './envoy/extensions/filters/http/adaptive_concurrency/v3/AdaptiveConcurrency.ts';
import type { GradientControllerConfig as _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig, GradientControllerConfig__Output as _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig__Output } from './envoy/extensions/filters/http/adaptive_concurrency/v3/GradientControllerConfig.ts';
import type { AdmissionControl as _envoy_extensions_filters_http_admission_control_v3_AdmissionControl, AdmissionControl__Output as _envoy_extensions_filters_http_admission_control_v3_AdmissionControl__Output } from './envoy/extensions/filters/http/admission_control/v3/AdmissionControl.ts';
import type { BandwidthLimit as _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit, BandwidthLimit__Output as _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit__Output } from './envoy/extensions/filters/http/bandwidth_limit/v3/BandwidthLimit.ts';
import type { Buffer as _envoy_extensions_filters_http_buffer_v3_Buffer, Buffer__Output as _envoy_extensions_filters_http_buffer_v3_Buffer__Output } from './envoy/extensions/filters/http/buffer/v3/Buffer.ts';
import type { BufferPerRoute as _envoy_extensions_filters_http_buffer_v3_BufferPerRoute, BufferPerRoute__Output as _envoy_extensions_filters_http_buffer_v3_BufferPerRoute__Output } from './envoy/extensions/filters/http/buffer/v3/BufferPerRoute.ts';
import type { Cors as _envoy_extensions_filters_http_cors_v3_Cors, Cors__Output as _envoy_extensions_filters_http_cors_v3_Cors__Output } from './envoy/extensions/filters/http/cors/v3/Cors.ts';
import type { CorsPolicy as _envoy_extensions_filters_http_cors_v3_CorsPolicy, CorsPolicy__Output as _envoy_extensions_filters_http_cors_v3_CorsPolicy__Output } from './envoy/extensions/filters/http/cors/v3/CorsPolicy.ts';
import type { FaultAbort as _envoy_extensions_filters_http_fault_v3_FaultAbort, FaultAbort__Output as _envoy_extensions_filters_http_fault_v3_FaultAbort__Output } from './envoy/extensions/filters/http/fault/v3/FaultAbort.ts';
import type { HTTPFault as _envoy_extensions_filters_http_fault_v3_HTTPFault, HTTPFault__Output as _envoy_extensions_filters_http_fault_v3_HTTPFault__Output } from './envoy/extensions/filters/http/fault/v3/HTTPFault.ts';
import type { LocalRateLimit as _envoy_extensions_filters_http_local_ratelimit_v3_LocalRateLimit, LocalRateLimit__Output as _envoy_extensions_filters_http_local_ratelimit_v3_LocalRateLimit__Output } from './envoy/extensions/filters/http/local_ratelimit/v3/LocalRateLimit.ts';
import type { RateLimit as _envoy_extensions_filters_http_ratelimit_v3_RateLimit, RateLimit__Output as _envoy_extensions_filters_http_ratelimit_v3_RateLimit__Output } from './envoy/extensions/filters/http/ratelimit/v3/RateLimit.ts';
import type { RateLimitPerRoute as _envoy_extensions_filters_http_ratelimit_v3_RateLimitPerRoute, RateLimitPerRoute__Output as _envoy_extensions_filters_http_ratelimit_v3_RateLimitPerRoute__Output } from './envoy/extensions/filters/http/ratelimit/v3/RateLimitPerRoute.ts';
import type { Router as _envoy_extensions_filters_http_router_v3_Router, Router__Output as _envoy_extensions_filters_http_router_v3_Router__Output } from './envoy/extensions/filters/http/router/v3/Router.ts';
import type { Config as _envoy_extensions_filters_http_set_metadata_v3_Config, Config__Output as _envoy_extensions_filters_http_set_metadata_v3_Config__Output } from './envoy/extensions/filters/http/set_metadata/v3/Config.ts';
import type { Metadata as _envoy_extensions_filters_http_set_metadata_v3_Metadata, Metadata__Output as _envoy_extensions_filters_http_set_metadata_v3_Metadata__Output } from './envoy/extensions/filters/http/set_metadata/v3/Metadata.ts';
import type { StatefulSession as _envoy_extensions_filters_http_stateful_session_v3_StatefulSession, StatefulSession__Output as _envoy_extensions_filters_http_stateful_session_v3_StatefulSession__Output } from './envoy/extensions/filters/http/stateful_session/v3/StatefulSession.ts';
import type { StatefulSessionPerRoute as _envoy_extensions_filters_http_stateful_session_v3_StatefulSessionPerRoute, StatefulSessionPerRoute__Output as _envoy_extensions_filters_http_stateful_session_v3_StatefulSessionPerRoute__Output } from './envoy/extensions/filters/http/stateful_session/v3/StatefulSessionPerRoute.ts';
import type { UpstreamCodec as _envoy_extensions_filters_http_upstream_codec_v3_UpstreamCodec, UpstreamCodec__Output as _envoy_extensions_filters_http_upstream_codec_v3_UpstreamCodec__Output } from './envoy/extensions/filters/http/upstream_codec/v3/UpstreamCodec.ts';
import type { HttpInspector as _envoy_extensions_filters_listener_http_inspector_v3_HttpInspector, HttpInspector__Output as _envoy_extensions_filters_listener_http_inspector_v3_HttpInspector__Output } from './envoy/extensions/filters/listener/http_inspector/v3/HttpInspector.ts';
import type { TlsInspector as _envoy_extensions_filters_listener_tls_inspector_v3_TlsInspector, TlsInspector__Output as _envoy_extensions_filters_listener_tls_inspector_v3_TlsInspector__Output } from './envoy/extensions/filters/listener/tls_inspector/v3/TlsInspector.ts';
import type { HttpConnectionManager as _envoy_extensions_filters_network_http_connection_manager_v3_HttpConnectionManager, HttpConnectionManager__Output as _envoy_extensions_filters_network_http_connection_manager_v3_HttpConnectionManager__Output } from './envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { HttpFilter as _envoy_extensions_filters_network_http_connection_manager_v3_HttpFilter, HttpFilter__Output as _envoy_extensions_filters_network_http_connection_manager_v3_HttpFilter__Output } from './envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.ts';
import type { Rds as _envoy_extensions_filters_network_http_connection_manager_v3_Rds, Rds__Output as _envoy_extensions_filters_network_http_connection_manager_v3_Rds__Output } from './envoy/extensions/filters/network/http_connection_manager/v3/Rds.ts';
import type { LocalRateLimit as _envoy_extensions_filters_network_local_ratelimit_v3_LocalRateLimit, LocalRateLimit__Output as _envoy_extensions_filters_network_local_ratelimit_v3_LocalRateLimit__Output } from './envoy/extensions/filters/network/local_ratelimit/v3/LocalRateLimit.ts';
import type { TcpProxy as _envoy_extensions_filters_network_tcp_proxy_v3_TcpProxy, TcpProxy__Output as _envoy_extensions_filters_network_tcp_proxy_v3_TcpProxy__Output } from './envoy/extensions/filters/network/tcp_proxy/v3/TcpProxy.ts';
import type { CookieBasedSessionState as _envoy_extensions_http_stateful_session_cookie_v3_CookieBasedSessionState, CookieBasedSessionState__Output as _envoy_extensions_http_stateful_session_cookie_v3_CookieBasedSessionState__Output } from './envoy/extensions/http/stateful_session/cookie/v3/CookieBasedSessionState.ts';
import type { HeaderBasedSessionState as _envoy_extensions_http_stateful_session_header_v3_HeaderBasedSessionState, HeaderBasedSessionState__Output as _envoy_extensions_http_stateful_session_header_v3_HeaderBasedSessionState__Output } from './envoy/extensions/http/stateful_session/header/v3/HeaderBasedSessionState.ts';
import type { ConsistentHashingLbConfig as _envoy_extensions_load_balancing_policies_common_v3_ConsistentHashingLbConfig, ConsistentHashingLbConfig__Output as _envoy_extensions_load_balancing_policies_common_v3_ConsistentHashingLbConfig__Output } from './envoy/extensions/load_balancing_policies/common/v3/ConsistentHashingLbConfig.ts';
import type { LocalityLbConfig as _envoy_extensions_load_balancing_policies_common_v3_LocalityLbConfig, LocalityLbConfig__Output as _envoy_extensions_load_balancing_policies_common_v3_LocalityLbConfig__Output } from './envoy/extensions/load_balancing_policies/common/v3/LocalityLbConfig.ts';
import type { SlowStartConfig as _envoy_extensions_load_balancing_policies_common_v3_SlowStartConfig, SlowStartConfig__Output as _envoy_extensions_load_balancing_policies_common_v3_SlowStartConfig__Output } from './envoy/extensions/load_balancing_policies/common/v3/SlowStartConfig.ts';
import type { LeastRequest as _envoy_extensions_load_balancing_policies_least_request_v3_LeastRequest, LeastRequest__Output as _envoy_extensions_load_balancing_policies_least_request_v3_LeastRequest__Output } from './envoy/extensions/load_balancing_policies/least_request/v3/LeastRequest.ts';
import type { Maglev as _envoy_extensions_load_balancing_policies_maglev_v3_Maglev, Maglev__Output as _envoy_extensions_load_balancing_policies_maglev_v3_Maglev__Output } from './envoy/extensions/load_balancing_policies/maglev/v3/Maglev.ts';
import type { PeakEwma as _envoy_extensions_load_balancing_policies_peak_ewma_v3alpha_PeakEwma, PeakEwma__Output as _envoy_extensions_load_balancing_policies_peak_ewma_v3alpha_PeakEwma__Output } from './envoy/extensions/load_balancing_policies/peak_ewma/v3alpha/PeakEwma.ts';
import type { Random as _envoy_extensions_load_balancing_policies_random_v3_Random, Random__Output as _envoy_extensions_load_balancing_policies_random_v3_Random__Output } from './envoy/extensions/load_balancing_policies/random/v3/Random.ts';
import type { RingHash as _envoy_extensions_load_balancing_policies_ring_hash_v3_RingHash, RingHash__Output as _envoy_extensions_load_balancing_policies_ring_hash_v3_RingHash__Output } from './envoy/extensions/load_balancing_policies/ring_hash/v3/RingHash.ts';
import type { RoundRobin as _envoy_extensions_load_balancing_policies_round_robin_v3_RoundRobin, RoundRobin__Output as _envoy_extensions_load_balancing_policies_round_robin_v3_RoundRobin__Output } from './envoy/extensions/load_balancing_policies/round_robin/v3/RoundRobin.ts';
import type { Descriptor as _envoy_extensions_rate_limit_descriptors_expr_v3_Descriptor, Descriptor__Output as _envoy_extensions_rate_limit_descriptors_expr_v3_Descriptor__Output } from './envoy/extensions/rate_limit_descriptors/expr/v3/Descriptor.ts';
import type { PreviousHostsPredicate as _envoy_extensions_retry_host_previous_hosts_v3_PreviousHostsPredicate, PreviousHostsPredicate__Output as _envoy_extensions_retry_host_previous_hosts_v3_PreviousHostsPredicate__Output } from './envoy/extensions/retry/host/previous_hosts/v3/PreviousHostsPredicate.ts';
import type { RawBuffer as _envoy_extensions_transport_sockets_raw_buffer_v3_RawBuffer, RawBuffer__Output as _envoy_extensions_transport_sockets_raw_buffer_v3_RawBuffer__Output } from './envoy/extensions/transport_sockets/raw_buffer/v3/RawBuffer.ts';
import type { CertificateValidationContext as _envoy_extensions_transport_sockets_tls_v3_CertificateValidationContext, CertificateValidationContext__Output as _envoy_extensions_transport_sockets_tls_v3_CertificateValidationContext__Output } from './envoy/extensions/transport_sockets/tls/v3/CertificateValidationContext.ts';
import type { CommonTlsContext as _envoy_extensions_transport_sockets_tls_v3_CommonTlsContext, CommonTlsContext__Output as _envoy_extensions_transport_sockets_tls_v3_CommonTlsContext__Output } from './envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.ts';
import type { DownstreamTlsContext as _envoy_extensions_transport_sockets_tls_v3_DownstreamTlsContext, DownstreamTlsContext__Output as _envoy_extensions_transport_sockets_tls_v3_DownstreamTlsContext__Output } from './envoy/extensions/transport_sockets/tls/v3/DownstreamTlsContext.ts';
import type { SdsSecretConfig as _envoy_extensions_transport_sockets_tls_v3_SdsSecretConfig, SdsSecretConfig__Output as _envoy_extensions_transport_sockets_tls_v3_SdsSecretConfig__Output } from './envoy/extensions/transport_sockets/tls/v3/SdsSecretConfig.ts';
import type { Secret as _envoy_extensions_transport_sockets_tls_v3_Secret, Secret__Output as _envoy_extensions_transport_sockets_tls_v3_Secret__Output } from './envoy/extensions/transport_sockets/tls/v3/Secret.ts';
import type { SubjectAltNameMatcher as _envoy_extensions_transport_sockets_tls_v3_SubjectAltNameMatcher, SubjectAltNameMatcher__Output as _envoy_extensions_transport_sockets_tls_v3_SubjectAltNameMatcher__Output } from './envoy/extensions/transport_sockets/tls/v3/SubjectAltNameMatcher.ts';
import type { TlsCertificate as _envoy_extensions_transport_sockets_tls_v3_TlsCertificate, TlsCertificate__Output as _envoy_extensions_transport_sockets_tls_v3_TlsCertificate__Output } from './envoy/extensions/transport_sockets/tls/v3/TlsCertificate.ts';
import type { TlsParameters as _envoy_extensions_transport_sockets_tls_v3_TlsParameters, TlsParameters__Output as _envoy_extensions_transport_sockets_tls_v3_TlsParameters__Output } from './envoy/extensions/transport_sockets/tls/v3/TlsParameters.ts';
import type { UpstreamTlsContext as _envoy_extensions_transport_sockets_tls_v3_UpstreamTlsContext, UpstreamTlsContext__Output as _envoy_extensions_transport_sockets_tls_v3_UpstreamTlsContext__Output } from './envoy/extensions/transport_sockets/tls/v3/UpstreamTlsContext.ts';
import type { HttpProtocolOptions as _envoy_extensions_upstreams_http_v3_HttpProtocolOptions, HttpProtocolOptions__Output as _envoy_extensions_upstreams_http_v3_HttpProtocolOptions__Output } from './envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import type { AggregatedDiscoveryServiceClient as _envoy_service_discovery_v3_AggregatedDiscoveryServiceClient, AggregatedDiscoveryServiceDefinition as _envoy_service_discovery_v3_AggregatedDiscoveryServiceDefinition } from './envoy/service/discovery/v3/AggregatedDiscoveryService.ts';
import type { DeltaDiscoveryRequest as _envoy_service_discovery_v3_DeltaDiscoveryRequest, DeltaDiscoveryRequest__Output as _envoy_service_discovery_v3_DeltaDiscoveryRequest__Output } from './envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import type { DeltaDiscoveryResponse as _envoy_service_discovery_v3_DeltaDiscoveryResponse, DeltaDiscoveryResponse__Output as _envoy_service_discovery_v3_DeltaDiscoveryResponse__Output } from './envoy/service/discovery/v3/DeltaDiscoveryResponse.ts';
import type { DiscoveryRequest as _envoy_service_discovery_v3_DiscoveryRequest, DiscoveryRequest__Output as _envoy_service_discovery_v3_DiscoveryRequest__Output } from './envoy/service/discovery/v3/DiscoveryRequest.ts';
import type { DiscoveryResponse as _envoy_service_discovery_v3_DiscoveryResponse, DiscoveryResponse__Output as _envoy_service_discovery_v3_DiscoveryResponse__Output } from './envoy/service/discovery/v3/DiscoveryResponse.ts';
import type { Resource as _envoy_service_discovery_v3_Resource, Resource__Output as _envoy_service_discovery_v3_Resource__Output } from './envoy/service/discovery/v3/Resource.ts';
import type { ResourceError as _envoy_service_discovery_v3_ResourceError, ResourceError__Output as _envoy_service_discovery_v3_ResourceError__Output } from './envoy/service/discovery/v3/ResourceError.ts';
import type { ResourceName as _envoy_service_discovery_v3_ResourceName, ResourceName__Output as _envoy_service_discovery_v3_ResourceName__Output } from './envoy/service/discovery/v3/ResourceName.ts';
import type { RateLimitRequest as _envoy_service_ratelimit_v3_RateLimitRequest, RateLimitRequest__Output as _envoy_service_ratelimit_v3_RateLimitRequest__Output } from './envoy/service/ratelimit/v3/RateLimitRequest.ts';
import type { RateLimitResponse as _envoy_service_ratelimit_v3_RateLimitResponse, RateLimitResponse__Output as _envoy_service_ratelimit_v3_RateLimitResponse__Output } from './envoy/service/ratelimit/v3/RateLimitResponse.ts';
import type { RateLimitServiceClient as _envoy_service_ratelimit_v3_RateLimitServiceClient, RateLimitServiceDefinition as _envoy_service_ratelimit_v3_RateLimitServiceDefinition } from './envoy/service/ratelimit/v3/RateLimitService.ts';
import type { Cookie as _envoy_type_http_v3_Cookie, Cookie__Output as _envoy_type_http_v3_Cookie__Output } from './envoy/type/http/v3/Cookie.ts';
import type { RegexMatchAndSubstitute as _envoy_type_matcher_v3_RegexMatchAndSubstitute, RegexMatchAndSubstitute__Output as _envoy_type_matcher_v3_RegexMatchAndSubstitute__Output } from './envoy/type/matcher/v3/RegexMatchAndSubstitute.ts';
import type { RegexMatcher as _envoy_type_matcher_v3_RegexMatcher, RegexMatcher__Output as _envoy_type_matcher_v3_RegexMatcher__Output } from './envoy/type/matcher/v3/RegexMatcher.ts';
import type { StringMatcher as _envoy_type_matcher_v3_StringMatcher, StringMatcher__Output as _envoy_type_matcher_v3_StringMatcher__Output } from './envoy/type/matcher/v3/StringMatcher.ts';
import type { MetadataKey as _envoy_type_metadata_v3_MetadataKey, MetadataKey__Output as _envoy_type_metadata_v3_MetadataKey__Output } from './envoy/type/metadata/v3/MetadataKey.ts';
import type { FractionalPercent as _envoy_type_v3_FractionalPercent, FractionalPercent__Output as _envoy_type_v3_FractionalPercent__Output } from './envoy/type/v3/FractionalPercent.ts';
import type { HashPolicy as _envoy_type_v3_HashPolicy, HashPolicy__Output as _envoy_type_v3_HashPolicy__Output } from './envoy/type/v3/HashPolicy.ts';
import type { Int64Range as _envoy_type_v3_Int64Range, Int64Range__Output as _envoy_type_v3_Int64Range__Output } from './envoy/type/v3/Int64Range.ts';
import type { Percent as _envoy_type_v3_Percent, Percent__Output as _envoy_type_v3_Percent__Output } from './envoy/type/v3/Percent.ts';
import type { TokenBucket as _envoy_type_v3_TokenBucket, TokenBucket__Output as _envoy_type_v3_TokenBucket__Output } from './envoy/type/v3/TokenBucket.ts';
import type { Any as _google_protobuf_Any, Any__Output as _google_protobuf_Any__Output } from './google/protobuf/Any.ts';
import type { BoolValue as _google_protobuf_BoolValue, BoolValue__Output as _google_protobuf_BoolValue__Output } from './google/protobuf/BoolValue.ts';
import type { BytesValue as _google_protobuf_BytesValue, BytesValue__Output as _google_protobuf_BytesValue__Output } from './google/protobuf/BytesValue.ts';
import type { DoubleValue as _google_protobuf_DoubleValue, DoubleValue__Output as _google_protobuf_DoubleValue__Output } from './google/protobuf/DoubleValue.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { FloatValue as _google_protobuf_FloatValue, FloatValue__Output as _google_protobuf_FloatValue__Output } from './google/protobuf/FloatValue.ts';
import type { Int32Value as _google_protobuf_Int32Value, Int32Value__Output as _google_protobuf_Int32Value__Output } from './google/protobuf/Int32Value.ts';
import type { Int64Value as _google_protobuf_Int64Value, Int64Value__Output as _google_protobuf_Int64Value__Output } from './google/protobuf/Int64Value.ts';
import type { ListValue as _google_protobuf_ListValue, ListValue__Output as _google_protobuf_ListValue__Output } from './google/protobuf/ListValue.ts';
import type { StringValue as _google_protobuf_StringValue, StringValue__Output as _google_protobuf_StringValue__Output } from './google/protobuf/StringValue.ts';
import type { Struct as _google_protobuf_Struct, Struct__Output as _google_protobuf_Struct__Output } from './google/protobuf/Struct.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';
import type { UInt32Value as _google_protobuf_UInt32Value, UInt32Value__Output as _google_protobuf_UInt32Value__Output } from './google/protobuf/UInt32Value.ts';
import type { UInt64Value as _google_protobuf_UInt64Value, UInt64Value__Output as _google_protobuf_UInt64Value__Output } from './google/protobuf/UInt64Value.ts';
import type { Value as _google_protobuf_Value, Value__Output as _google_protobuf_Value__Output } from './google/protobuf/Value.ts';
import type { Status as _google_rpc_Status, Status__Output as _google_rpc_Status__Output } from './google/rpc/Status.ts';
import type { HealthClient as _grpc_health_v1_HealthClient, HealthDefinition as _grpc_health_v1_HealthDefinition } from './grpc/health/v1/Health.ts';
import type { HealthCheckRequest as _grpc_health_v1_HealthCheckRequest, HealthCheckRequest__Output as _grpc_health_v1_HealthCheckRequest__Output } from './grpc/health/v1/HealthCheckRequest.ts';
import type { HealthCheckResponse as _grpc_health_v1_HealthCheckResponse, HealthCheckResponse__Output as _grpc_health_v1_HealthCheckResponse__Output } from './grpc/health/v1/HealthCheckResponse.ts';
import type { AttachRequest as _heddle_v1_AttachRequest, AttachRequest__Output as _heddle_v1_AttachRequest__Output } from './heddle/v1/AttachRequest.ts';
import type { AttachResponse as _heddle_v1_AttachResponse, AttachResponse__Output as _heddle_v1_AttachResponse__Output } from './heddle/v1/AttachResponse.ts';
import type { ClusterState as _heddle_v1_ClusterState, ClusterState__Output as _heddle_v1_ClusterState__Output } from './heddle/v1/ClusterState.ts';
import type { Event as _heddle_v1_Event, Event__Output as _heddle_v1_Event__Output } from './heddle/v1/Event.ts';
import type { Histogram as _heddle_v1_Histogram, Histogram__Output as _heddle_v1_Histogram__Output } from './heddle/v1/Histogram.ts';
import type { IdentityServiceClient as _heddle_v1_IdentityServiceClient, IdentityServiceDefinition as _heddle_v1_IdentityServiceDefinition } from './heddle/v1/IdentityService.ts';
import type { InForce as _heddle_v1_InForce, InForce__Output as _heddle_v1_InForce__Output } from './heddle/v1/InForce.ts';
import type { JoinRequest as _heddle_v1_JoinRequest, JoinRequest__Output as _heddle_v1_JoinRequest__Output } from './heddle/v1/JoinRequest.ts';
import type { JoinResponse as _heddle_v1_JoinResponse, JoinResponse__Output as _heddle_v1_JoinResponse__Output } from './heddle/v1/JoinResponse.ts';
import type { Lapsed as _heddle_v1_Lapsed, Lapsed__Output as _heddle_v1_Lapsed__Output } from './heddle/v1/Lapsed.ts';
import type { PeerPrincipal as _heddle_v1_PeerPrincipal, PeerPrincipal__Output as _heddle_v1_PeerPrincipal__Output } from './heddle/v1/PeerPrincipal.ts';
import type { Register as _heddle_v1_Register, Register__Output as _heddle_v1_Register__Output } from './heddle/v1/Register.ts';
import type { Registered as _heddle_v1_Registered, Registered__Output as _heddle_v1_Registered__Output } from './heddle/v1/Registered.ts';
import type { Rejected as _heddle_v1_Rejected, Rejected__Output as _heddle_v1_Rejected__Output } from './heddle/v1/Rejected.ts';
import type { Renew as _heddle_v1_Renew, Renew__Output as _heddle_v1_Renew__Output } from './heddle/v1/Renew.ts';
import type { RenewRequest as _heddle_v1_RenewRequest, RenewRequest__Output as _heddle_v1_RenewRequest__Output } from './heddle/v1/RenewRequest.ts';
import type { RenewResponse as _heddle_v1_RenewResponse, RenewResponse__Output as _heddle_v1_RenewResponse__Output } from './heddle/v1/RenewResponse.ts';
import type { Renewed as _heddle_v1_Renewed, Renewed__Output as _heddle_v1_Renewed__Output } from './heddle/v1/Renewed.ts';
import type { ReportRequest as _heddle_v1_ReportRequest, ReportRequest__Output as _heddle_v1_ReportRequest__Output } from './heddle/v1/ReportRequest.ts';
import type { ReportResponse as _heddle_v1_ReportResponse, ReportResponse__Output as _heddle_v1_ReportResponse__Output } from './heddle/v1/ReportResponse.ts';
import type { RequestRate as _heddle_v1_RequestRate, RequestRate__Output as _heddle_v1_RequestRate__Output } from './heddle/v1/RequestRate.ts';
import type { ResourceInForce as _heddle_v1_ResourceInForce, ResourceInForce__Output as _heddle_v1_ResourceInForce__Output } from './heddle/v1/ResourceInForce.ts';
import type { Series as _heddle_v1_Series, Series__Output as _heddle_v1_Series__Output } from './heddle/v1/Series.ts';
import type { TelemetryServiceClient as _heddle_v1_TelemetryServiceClient, TelemetryServiceDefinition as _heddle_v1_TelemetryServiceDefinition } from './heddle/v1/TelemetryService.ts';
import type { TrafficState as _heddle_v1_TrafficState, TrafficState__Output as _heddle_v1_TrafficState__Output } from './heddle/v1/TrafficState.ts';
import type { Withdraw as _heddle_v1_Withdraw, Withdraw__Output as _heddle_v1_Withdraw__Output } from './heddle/v1/Withdraw.ts';
import type { Withdrawn as _heddle_v1_Withdrawn, Withdrawn__Output as _heddle_v1_Withdrawn__Output } from './heddle/v1/Withdrawn.ts';
import type { WorkloadServiceClient as _heddle_v1_WorkloadServiceClient, WorkloadServiceDefinition as _heddle_v1_WorkloadServiceDefinition } from './heddle/v1/WorkloadService.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  envoy: {
    config: {
      cluster: {
        v3: {
          CircuitBreakers: MessageTypeDefinition<_envoy_config_cluster_v3_CircuitBreakers, _envoy_config_cluster_v3_CircuitBreakers__Output>
          Cluster: MessageTypeDefinition<_envoy_config_cluster_v3_Cluster, _envoy_config_cluster_v3_Cluster__Output>
          LoadBalancingPolicy: MessageTypeDefinition<_envoy_config_cluster_v3_LoadBalancingPolicy, _envoy_config_cluster_v3_LoadBalancingPolicy__Output>
          OutlierDetection: MessageTypeDefinition<_envoy_config_cluster_v3_OutlierDetection, _envoy_config_cluster_v3_OutlierDetection__Output>
          UpstreamConnectionOptions: MessageTypeDefinition<_envoy_config_cluster_v3_UpstreamConnectionOptions, _envoy_config_cluster_v3_UpstreamConnectionOptions__Output>
        }
      }
      core: {
        v3: {
          Address: MessageTypeDefinition<_envoy_config_core_v3_Address, _envoy_config_core_v3_Address__Output>
          AggregatedConfigSource: MessageTypeDefinition<_envoy_config_core_v3_AggregatedConfigSource, _envoy_config_core_v3_AggregatedConfigSource__Output>
          ApiVersion: EnumTypeDefinition
          ConfigSource: MessageTypeDefinition<_envoy_config_core_v3_ConfigSource, _envoy_config_core_v3_ConfigSource__Output>
          ControlPlane: MessageTypeDefinition<_envoy_config_core_v3_ControlPlane, _envoy_config_core_v3_ControlPlane__Output>
          DataSource: MessageTypeDefinition<_envoy_config_core_v3_DataSource, _envoy_config_core_v3_DataSource__Output>
          GrpcService: MessageTypeDefinition<_envoy_config_core_v3_GrpcService, _envoy_config_core_v3_GrpcService__Output>
          HeaderValue: MessageTypeDefinition<_envoy_config_core_v3_HeaderValue, _envoy_config_core_v3_HeaderValue__Output>
          HeaderValueOption: MessageTypeDefinition<_envoy_config_core_v3_HeaderValueOption, _envoy_config_core_v3_HeaderValueOption__Output>
          HealthCheck: MessageTypeDefinition<_envoy_config_core_v3_HealthCheck, _envoy_config_core_v3_HealthCheck__Output>
          HealthStatus: EnumTypeDefinition
          Http1ProtocolOptions: MessageTypeDefinition<_envoy_config_core_v3_Http1ProtocolOptions, _envoy_config_core_v3_Http1ProtocolOptions__Output>
          Http2ProtocolOptions: MessageTypeDefinition<_envoy_config_core_v3_Http2ProtocolOptions, _envoy_config_core_v3_Http2ProtocolOptions__Output>
          HttpProtocolOptions: MessageTypeDefinition<_envoy_config_core_v3_HttpProtocolOptions, _envoy_config_core_v3_HttpProtocolOptions__Output>
          KeepaliveSettings: MessageTypeDefinition<_envoy_config_core_v3_KeepaliveSettings, _envoy_config_core_v3_KeepaliveSettings__Output>
          Locality: MessageTypeDefinition<_envoy_config_core_v3_Locality, _envoy_config_core_v3_Locality__Output>
          Metadata: MessageTypeDefinition<_envoy_config_core_v3_Metadata, _envoy_config_core_v3_Metadata__Output>
          Node: MessageTypeDefinition<_envoy_config_core_v3_Node, _envoy_config_core_v3_Node__Output>
          RequestMethod: EnumTypeDefinition
          RoutingPriority: EnumTypeDefinition
          RuntimeDouble: MessageTypeDefinition<_envoy_config_core_v3_RuntimeDouble, _envoy_config_core_v3_RuntimeDouble__Output>
          RuntimeFractionalPercent: MessageTypeDefinition<_envoy_config_core_v3_RuntimeFractionalPercent, _envoy_config_core_v3_RuntimeFractionalPercent__Output>
          RuntimePercent: MessageTypeDefinition<_envoy_config_core_v3_RuntimePercent, _envoy_config_core_v3_RuntimePercent__Output>
          RuntimeUInt32: MessageTypeDefinition<_envoy_config_core_v3_RuntimeUInt32, _envoy_config_core_v3_RuntimeUInt32__Output>
          SelfConfigSource: MessageTypeDefinition<_envoy_config_core_v3_SelfConfigSource, _envoy_config_core_v3_SelfConfigSource__Output>
          SocketAddress: MessageTypeDefinition<_envoy_config_core_v3_SocketAddress, _envoy_config_core_v3_SocketAddress__Output>
          TcpKeepalive: MessageTypeDefinition<_envoy_config_core_v3_TcpKeepalive, _envoy_config_core_v3_TcpKeepalive__Output>
          TrafficDirection: EnumTypeDefinition
          TransportSocket: MessageTypeDefinition<_envoy_config_core_v3_TransportSocket, _envoy_config_core_v3_TransportSocket__Output>
          TypedExtensionConfig: MessageTypeDefinition<_envoy_config_core_v3_TypedExtensionConfig, _envoy_config_core_v3_TypedExtensionConfig__Output>
        }
      }
      endpoint: {
        v3: {
          ClusterLoadAssignment: MessageTypeDefinition<_envoy_config_endpoint_v3_ClusterLoadAssignment, _envoy_config_endpoint_v3_ClusterLoadAssignment__Output>
          Endpoint: MessageTypeDefinition<_envoy_config_endpoint_v3_Endpoint, _envoy_config_endpoint_v3_Endpoint__Output>
          LbEndpoint: MessageTypeDefinition<_envoy_config_endpoint_v3_LbEndpoint, _envoy_config_endpoint_v3_LbEndpoint__Output>
          LocalityLbEndpoints: MessageTypeDefinition<_envoy_config_endpoint_v3_LocalityLbEndpoints, _envoy_config_endpoint_v3_LocalityLbEndpoints__Output>
        }
      }
      listener: {
        v3: {
          ApiListener: MessageTypeDefinition<_envoy_config_listener_v3_ApiListener, _envoy_config_listener_v3_ApiListener__Output>
          Filter: MessageTypeDefinition<_envoy_config_listener_v3_Filter, _envoy_config_listener_v3_Filter__Output>
          FilterChain: MessageTypeDefinition<_envoy_config_listener_v3_FilterChain, _envoy_config_listener_v3_FilterChain__Output>
          FilterChainMatch: MessageTypeDefinition<_envoy_config_listener_v3_FilterChainMatch, _envoy_config_listener_v3_FilterChainMatch__Output>
          Listener: MessageTypeDefinition<_envoy_config_listener_v3_Listener, _envoy_config_listener_v3_Listener__Output>
          ListenerFilter: MessageTypeDefinition<_envoy_config_listener_v3_ListenerFilter, _envoy_config_listener_v3_ListenerFilter__Output>
        }
      }
      ratelimit: {
        v3: {
          RateLimitServiceConfig: MessageTypeDefinition<_envoy_config_ratelimit_v3_RateLimitServiceConfig, _envoy_config_ratelimit_v3_RateLimitServiceConfig__Output>
        }
      }
      route: {
        v3: {
          DirectResponseAction: MessageTypeDefinition<_envoy_config_route_v3_DirectResponseAction, _envoy_config_route_v3_DirectResponseAction__Output>
          HeaderMatcher: MessageTypeDefinition<_envoy_config_route_v3_HeaderMatcher, _envoy_config_route_v3_HeaderMatcher__Output>
          HedgePolicy: MessageTypeDefinition<_envoy_config_route_v3_HedgePolicy, _envoy_config_route_v3_HedgePolicy__Output>
          NonForwardingAction: MessageTypeDefinition<_envoy_config_route_v3_NonForwardingAction, _envoy_config_route_v3_NonForwardingAction__Output>
          QueryParameterMatcher: MessageTypeDefinition<_envoy_config_route_v3_QueryParameterMatcher, _envoy_config_route_v3_QueryParameterMatcher__Output>
          RateLimit: MessageTypeDefinition<_envoy_config_route_v3_RateLimit, _envoy_config_route_v3_RateLimit__Output>
          RedirectAction: MessageTypeDefinition<_envoy_config_route_v3_RedirectAction, _envoy_config_route_v3_RedirectAction__Output>
          RetryPolicy: MessageTypeDefinition<_envoy_config_route_v3_RetryPolicy, _envoy_config_route_v3_RetryPolicy__Output>
          Route: MessageTypeDefinition<_envoy_config_route_v3_Route, _envoy_config_route_v3_Route__Output>
          RouteAction: MessageTypeDefinition<_envoy_config_route_v3_RouteAction, _envoy_config_route_v3_RouteAction__Output>
          RouteConfiguration: MessageTypeDefinition<_envoy_config_route_v3_RouteConfiguration, _envoy_config_route_v3_RouteConfiguration__Output>
          RouteMatch: MessageTypeDefinition<_envoy_config_route_v3_RouteMatch, _envoy_config_route_v3_RouteMatch__Output>
          VirtualHost: MessageTypeDefinition<_envoy_config_route_v3_VirtualHost, _envoy_config_route_v3_VirtualHost__Output>
          WeightedCluster: MessageTypeDefinition<_envoy_config_route_v3_WeightedCluster, _envoy_config_route_v3_WeightedCluster__Output>
        }
      }
    }
    extensions: {
      common: {
        ratelimit: {
          v3: {
            LocalRateLimitDescriptor: MessageTypeDefinition<_envoy_extensions_common_ratelimit_v3_LocalRateLimitDescriptor, _envoy_extensions_common_ratelimit_v3_LocalRateLimitDescriptor__Output>
            RateLimitDescriptor: MessageTypeDefinition<_envoy_extensions_common_ratelimit_v3_RateLimitDescriptor, _envoy_extensions_common_ratelimit_v3_RateLimitDescriptor__Output>
          }
        }
      }
      filters: {
        common: {
          fault: {
            v3: {
              FaultDelay: MessageTypeDefinition<_envoy_extensions_filters_common_fault_v3_FaultDelay, _envoy_extensions_filters_common_fault_v3_FaultDelay__Output>
              FaultRateLimit: MessageTypeDefinition<_envoy_extensions_filters_common_fault_v3_FaultRateLimit, _envoy_extensions_filters_common_fault_v3_FaultRateLimit__Output>
            }
          }
        }
        http: {
          adaptive_concurrency: {
            v3: {
              AdaptiveConcurrency: MessageTypeDefinition<_envoy_extensions_filters_http_adaptive_concurrency_v3_AdaptiveConcurrency, _envoy_extensions_filters_http_adaptive_concurrency_v3_AdaptiveConcurrency__Output>
              GradientControllerConfig: MessageTypeDefinition<_envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig, _envoy_extensions_filters_http_adaptive_concurrency_v3_GradientControllerConfig__Output>
            }
          }
          admission_control: {
            v3: {
              AdmissionControl: MessageTypeDefinition<_envoy_extensions_filters_http_admission_control_v3_AdmissionControl, _envoy_extensions_filters_http_admission_control_v3_AdmissionControl__Output>
            }
          }
          bandwidth_limit: {
            v3: {
              BandwidthLimit: MessageTypeDefinition<_envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit, _envoy_extensions_filters_http_bandwidth_limit_v3_BandwidthLimit__Output>
            }
          }
          buffer: {
            v3: {
              Buffer: MessageTypeDefinition<_envoy_extensions_filters_http_buffer_v3_Buffer, _envoy_extensions_filters_http_buffer_v3_Buffer__Output>
              BufferPerRoute: MessageTypeDefinition<_envoy_extensions_filters_http_buffer_v3_BufferPerRoute, _envoy_extensions_filters_http_buffer_v3_BufferPerRoute__Output>
            }
          }
          cors: {
            v3: {
              Cors: MessageTypeDefinition<_envoy_extensions_filters_http_cors_v3_Cors, _envoy_extensions_filters_http_cors_v3_Cors__Output>
              CorsPolicy: MessageTypeDefinition<_envoy_extensions_filters_http_cors_v3_CorsPolicy, _envoy_extensions_filters_http_cors_v3_CorsPolicy__Output>
            }
          }
          fault: {
            v3: {
              FaultAbort: MessageTypeDefinition<_envoy_extensions_filters_http_fault_v3_FaultAbort, _envoy_extensions_filters_http_fault_v3_FaultAbort__Output>
              HTTPFault: MessageTypeDefinition<_envoy_extensions_filters_http_fault_v3_HTTPFault, _envoy_extensions_filters_http_fault_v3_HTTPFault__Output>
            }
          }
          local_ratelimit: {
            v3: {
              LocalRateLimit: MessageTypeDefinition<_envoy_extensions_filters_http_local_ratelimit_v3_LocalRateLimit, _envoy_extensions_filters_http_local_ratelimit_v3_LocalRateLimit__Output>
            }
          }
          ratelimit: {
            v3: {
              RateLimit: MessageTypeDefinition<_envoy_extensions_filters_http_ratelimit_v3_RateLimit, _envoy_extensions_filters_http_ratelimit_v3_RateLimit__Output>
              RateLimitPerRoute: MessageTypeDefinition<_envoy_extensions_filters_http_ratelimit_v3_RateLimitPerRoute, _envoy_extensions_filters_http_ratelimit_v3_RateLimitPerRoute__Output>
            }
          }
          router: {
            v3: {
              Router: MessageTypeDefinition<_envoy_extensions_filters_http_router_v3_Router, _envoy_extensions_filters_http_router_v3_Router__Output>
            }
          }
          set_metadata: {
            v3: {
              Config: MessageTypeDefinition<_envoy_extensions_filters_http_set_metadata_v3_Config, _envoy_extensions_filters_http_set_metadata_v3_Config__Output>
              Metadata: MessageTypeDefinition<_envoy_extensions_filters_http_set_metadata_v3_Metadata, _envoy_extensions_filters_http_set_metadata_v3_Metadata__Output>
            }
          }
          stateful_session: {
            v3: {
              StatefulSession: MessageTypeDefinition<_envoy_extensions_filters_http_stateful_session_v3_StatefulSession, _envoy_extensions_filters_http_stateful_session_v3_StatefulSession__Output>
              StatefulSessionPerRoute: MessageTypeDefinition<_envoy_extensions_filters_http_stateful_session_v3_StatefulSessionPerRoute, _envoy_extensions_filters_http_stateful_session_v3_StatefulSessionPerRoute__Output>
            }
          }
          upstream_codec: {
            v3: {
              UpstreamCodec: MessageTypeDefinition<_envoy_extensions_filters_http_upstream_codec_v3_UpstreamCodec, _envoy_extensions_filters_http_upstream_codec_v3_UpstreamCodec__Output>
            }
          }
        }
        listener: {
          http_inspector: {
            v3: {
              HttpInspector: MessageTypeDefinition<_envoy_extensions_filters_listener_http_inspector_v3_HttpInspector, _envoy_extensions_filters_listener_http_inspector_v3_HttpInspector__Output>
            }
          }
          tls_inspector: {
            v3: {
              TlsInspector: MessageTypeDefinition<_envoy_extensions_filters_listener_tls_inspector_v3_TlsInspector, _envoy_extensions_filters_listener_tls_inspector_v3_TlsInspector__Output>
            }
          }
        }
        network: {
          http_connection_manager: {
            v3: {
              HttpConnectionManager: MessageTypeDefinition<_envoy_extensions_filters_network_http_connection_manager_v3_HttpConnectionManager, _envoy_extensions_filters_network_http_connection_manager_v3_HttpConnectionManager__Output>
              HttpFilter: MessageTypeDefinition<_envoy_extensions_filters_network_http_connection_manager_v3_HttpFilter, _envoy_extensions_filters_network_http_connection_manager_v3_HttpFilter__Output>
              Rds: MessageTypeDefinition<_envoy_extensions_filters_network_http_connection_manager_v3_Rds, _envoy_extensions_filters_network_http_connection_manager_v3_Rds__Output>
            }
          }
          local_ratelimit: {
            v3: {
              LocalRateLimit: MessageTypeDefinition<_envoy_extensions_filters_network_local_ratelimit_v3_LocalRateLimit, _envoy_extensions_filters_network_local_ratelimit_v3_LocalRateLimit__Output>
            }
          }
          tcp_proxy: {
            v3: {
              TcpProxy: MessageTypeDefinition<_envoy_extensions_filters_network_tcp_proxy_v3_TcpProxy, _envoy_extensions_filters_network_tcp_proxy_v3_TcpProxy__Output>
            }
          }
        }
      }
      http: {
        stateful_session: {
          cookie: {
            v3: {
              CookieBasedSessionState: MessageTypeDefinition<_envoy_extensions_http_stateful_session_cookie_v3_CookieBasedSessionState, _envoy_extensions_http_stateful_session_cookie_v3_CookieBasedSessionState__Output>
            }
          }
          header: {
            v3: {
              HeaderBasedSessionState: MessageTypeDefinition<_envoy_extensions_http_stateful_session_header_v3_HeaderBasedSessionState, _envoy_extensions_http_stateful_session_header_v3_HeaderBasedSessionState__Output>
            }
          }
        }
      }
      load_balancing_policies: {
        common: {
          v3: {
            ConsistentHashingLbConfig: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_common_v3_ConsistentHashingLbConfig, _envoy_extensions_load_balancing_policies_common_v3_ConsistentHashingLbConfig__Output>
            LocalityLbConfig: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_common_v3_LocalityLbConfig, _envoy_extensions_load_balancing_policies_common_v3_LocalityLbConfig__Output>
            SlowStartConfig: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_common_v3_SlowStartConfig, _envoy_extensions_load_balancing_policies_common_v3_SlowStartConfig__Output>
          }
        }
        least_request: {
          v3: {
            LeastRequest: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_least_request_v3_LeastRequest, _envoy_extensions_load_balancing_policies_least_request_v3_LeastRequest__Output>
          }
        }
        maglev: {
          v3: {
            Maglev: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_maglev_v3_Maglev, _envoy_extensions_load_balancing_policies_maglev_v3_Maglev__Output>
          }
        }
        peak_ewma: {
          v3alpha: {
            PeakEwma: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_peak_ewma_v3alpha_PeakEwma, _envoy_extensions_load_balancing_policies_peak_ewma_v3alpha_PeakEwma__Output>
          }
        }
        random: {
          v3: {
            Random: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_random_v3_Random, _envoy_extensions_load_balancing_policies_random_v3_Random__Output>
          }
        }
        ring_hash: {
          v3: {
            RingHash: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_ring_hash_v3_RingHash, _envoy_extensions_load_balancing_policies_ring_hash_v3_RingHash__Output>
          }
        }
        round_robin: {
          v3: {
            RoundRobin: MessageTypeDefinition<_envoy_extensions_load_balancing_policies_round_robin_v3_RoundRobin, _envoy_extensions_load_balancing_policies_round_robin_v3_RoundRobin__Output>
          }
        }
      }
      rate_limit_descriptors: {
        expr: {
          v3: {
            Descriptor: MessageTypeDefinition<_envoy_extensions_rate_limit_descriptors_expr_v3_Descriptor, _envoy_extensions_rate_limit_descriptors_expr_v3_Descriptor__Output>
          }
        }
      }
      retry: {
        host: {
          previous_hosts: {
            v3: {
              PreviousHostsPredicate: MessageTypeDefinition<_envoy_extensions_retry_host_previous_hosts_v3_PreviousHostsPredicate, _envoy_extensions_retry_host_previous_hosts_v3_PreviousHostsPredicate__Output>
            }
          }
        }
      }
      transport_sockets: {
        raw_buffer: {
          v3: {
            RawBuffer: MessageTypeDefinition<_envoy_extensions_transport_sockets_raw_buffer_v3_RawBuffer, _envoy_extensions_transport_sockets_raw_buffer_v3_RawBuffer__Output>
          }
        }
        tls: {
          v3: {
            CertificateValidationContext: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_CertificateValidationContext, _envoy_extensions_transport_sockets_tls_v3_CertificateValidationContext__Output>
            CommonTlsContext: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_CommonTlsContext, _envoy_extensions_transport_sockets_tls_v3_CommonTlsContext__Output>
            DownstreamTlsContext: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_DownstreamTlsContext, _envoy_extensions_transport_sockets_tls_v3_DownstreamTlsContext__Output>
            SdsSecretConfig: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_SdsSecretConfig, _envoy_extensions_transport_sockets_tls_v3_SdsSecretConfig__Output>
            Secret: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_Secret, _envoy_extensions_transport_sockets_tls_v3_Secret__Output>
            SubjectAltNameMatcher: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_SubjectAltNameMatcher, _envoy_extensions_transport_sockets_tls_v3_SubjectAltNameMatcher__Output>
            TlsCertificate: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_TlsCertificate, _envoy_extensions_transport_sockets_tls_v3_TlsCertificate__Output>
            TlsParameters: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_TlsParameters, _envoy_extensions_transport_sockets_tls_v3_TlsParameters__Output>
            UpstreamTlsContext: MessageTypeDefinition<_envoy_extensions_transport_sockets_tls_v3_UpstreamTlsContext, _envoy_extensions_transport_sockets_tls_v3_UpstreamTlsContext__Output>
          }
        }
      }
      upstreams: {
        http: {
          v3: {
            HttpProtocolOptions: MessageTypeDefinition<_envoy_extensions_upstreams_http_v3_HttpProtocolOptions, _envoy_extensions_upstreams_http_v3_HttpProtocolOptions__Output>
          }
        }
      }
    }
    service: {
      discovery: {
        v3: {
          AggregatedDiscoveryService: SubtypeConstructor<typeof grpc.Client, _envoy_service_discovery_v3_AggregatedDiscoveryServiceClient> & { service: _envoy_service_discovery_v3_AggregatedDiscoveryServiceDefinition }
          DeltaDiscoveryRequest: MessageTypeDefinition<_envoy_service_discovery_v3_DeltaDiscoveryRequest, _envoy_service_discovery_v3_DeltaDiscoveryRequest__Output>
          DeltaDiscoveryResponse: MessageTypeDefinition<_envoy_service_discovery_v3_DeltaDiscoveryResponse, _envoy_service_discovery_v3_DeltaDiscoveryResponse__Output>
          DiscoveryRequest: MessageTypeDefinition<_envoy_service_discovery_v3_DiscoveryRequest, _envoy_service_discovery_v3_DiscoveryRequest__Output>
          DiscoveryResponse: MessageTypeDefinition<_envoy_service_discovery_v3_DiscoveryResponse, _envoy_service_discovery_v3_DiscoveryResponse__Output>
          Resource: MessageTypeDefinition<_envoy_service_discovery_v3_Resource, _envoy_service_discovery_v3_Resource__Output>
          ResourceError: MessageTypeDefinition<_envoy_service_discovery_v3_ResourceError, _envoy_service_discovery_v3_ResourceError__Output>
          ResourceName: MessageTypeDefinition<_envoy_service_discovery_v3_ResourceName, _envoy_service_discovery_v3_ResourceName__Output>
        }
      }
      ratelimit: {
        v3: {
          RateLimitRequest: MessageTypeDefinition<_envoy_service_ratelimit_v3_RateLimitRequest, _envoy_service_ratelimit_v3_RateLimitRequest__Output>
          RateLimitResponse: MessageTypeDefinition<_envoy_service_ratelimit_v3_RateLimitResponse, _envoy_service_ratelimit_v3_RateLimitResponse__Output>
          RateLimitService: SubtypeConstructor<typeof grpc.Client, _envoy_service_ratelimit_v3_RateLimitServiceClient> & { service: _envoy_service_ratelimit_v3_RateLimitServiceDefinition }
        }
      }
    }
    type: {
      http: {
        v3: {
          Cookie: MessageTypeDefinition<_envoy_type_http_v3_Cookie, _envoy_type_http_v3_Cookie__Output>
        }
      }
      matcher: {
        v3: {
          RegexMatchAndSubstitute: MessageTypeDefinition<_envoy_type_matcher_v3_RegexMatchAndSubstitute, _envoy_type_matcher_v3_RegexMatchAndSubstitute__Output>
          RegexMatcher: MessageTypeDefinition<_envoy_type_matcher_v3_RegexMatcher, _envoy_type_matcher_v3_RegexMatcher__Output>
          StringMatcher: MessageTypeDefinition<_envoy_type_matcher_v3_StringMatcher, _envoy_type_matcher_v3_StringMatcher__Output>
        }
      }
      metadata: {
        v3: {
          MetadataKey: MessageTypeDefinition<_envoy_type_metadata_v3_MetadataKey, _envoy_type_metadata_v3_MetadataKey__Output>
        }
      }
      v3: {
        CodecClientType: EnumTypeDefinition
        FractionalPercent: MessageTypeDefinition<_envoy_type_v3_FractionalPercent, _envoy_type_v3_FractionalPercent__Output>
        HashPolicy: MessageTypeDefinition<_envoy_type_v3_HashPolicy, _envoy_type_v3_HashPolicy__Output>
        Int64Range: MessageTypeDefinition<_envoy_type_v3_Int64Range, _envoy_type_v3_Int64Range__Output>
        Percent: MessageTypeDefinition<_envoy_type_v3_Percent, _envoy_type_v3_Percent__Output>
        RateLimitUnit: EnumTypeDefinition
        TokenBucket: MessageTypeDefinition<_envoy_type_v3_TokenBucket, _envoy_type_v3_TokenBucket__Output>
      }
    }
  }
  google: {
    protobuf: {
      Any: MessageTypeDefinition<_google_protobuf_Any, _google_protobuf_Any__Output>
      BoolValue: MessageTypeDefinition<_google_protobuf_BoolValue, _google_protobuf_BoolValue__Output>
      BytesValue: MessageTypeDefinition<_google_protobuf_BytesValue, _google_protobuf_BytesValue__Output>
      DoubleValue: MessageTypeDefinition<_google_protobuf_DoubleValue, _google_protobuf_DoubleValue__Output>
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
      FloatValue: MessageTypeDefinition<_google_protobuf_FloatValue, _google_protobuf_FloatValue__Output>
      Int32Value: MessageTypeDefinition<_google_protobuf_Int32Value, _google_protobuf_Int32Value__Output>
      Int64Value: MessageTypeDefinition<_google_protobuf_Int64Value, _google_protobuf_Int64Value__Output>
      ListValue: MessageTypeDefinition<_google_protobuf_ListValue, _google_protobuf_ListValue__Output>
      NullValue: EnumTypeDefinition
      StringValue: MessageTypeDefinition<_google_protobuf_StringValue, _google_protobuf_StringValue__Output>
      Struct: MessageTypeDefinition<_google_protobuf_Struct, _google_protobuf_Struct__Output>
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
      UInt32Value: MessageTypeDefinition<_google_protobuf_UInt32Value, _google_protobuf_UInt32Value__Output>
      UInt64Value: MessageTypeDefinition<_google_protobuf_UInt64Value, _google_protobuf_UInt64Value__Output>
      Value: MessageTypeDefinition<_google_protobuf_Value, _google_protobuf_Value__Output>
    }
    rpc: {
      Status: MessageTypeDefinition<_google_rpc_Status, _google_rpc_Status__Output>
    }
  }
  grpc: {
    health: {
      v1: {
        Health: SubtypeConstructor<typeof grpc.Client, _grpc_health_v1_HealthClient> & { service: _grpc_health_v1_HealthDefinition }
        HealthCheckRequest: MessageTypeDefinition<_grpc_health_v1_HealthCheckRequest, _grpc_health_v1_HealthCheckRequest__Output>
        HealthCheckResponse: MessageTypeDefinition<_grpc_health_v1_HealthCheckResponse, _grpc_health_v1_HealthCheckResponse__Output>
      }
    }
  }
  heddle: {
    v1: {
      AttachRequest: MessageTypeDefinition<_heddle_v1_AttachRequest, _heddle_v1_AttachRequest__Output>
      AttachResponse: MessageTypeDefinition<_heddle_v1_AttachResponse, _heddle_v1_AttachResponse__Output>
      ClusterState: MessageTypeDefinition<_heddle_v1_ClusterState, _heddle_v1_ClusterState__Output>
      Event: MessageTypeDefinition<_heddle_v1_Event, _heddle_v1_Event__Output>
      EventKind: EnumTypeDefinition
      Histogram: MessageTypeDefinition<_heddle_v1_Histogram, _heddle_v1_Histogram__Output>
      IdentityService: SubtypeConstructor<typeof grpc.Client, _heddle_v1_IdentityServiceClient> & { service: _heddle_v1_IdentityServiceDefinition }
      InForce: MessageTypeDefinition<_heddle_v1_InForce, _heddle_v1_InForce__Output>
      JoinRequest: MessageTypeDefinition<_heddle_v1_JoinRequest, _heddle_v1_JoinRequest__Output>
      JoinResponse: MessageTypeDefinition<_heddle_v1_JoinResponse, _heddle_v1_JoinResponse__Output>
      Lapsed: MessageTypeDefinition<_heddle_v1_Lapsed, _heddle_v1_Lapsed__Output>
      PeerPrincipal: MessageTypeDefinition<_heddle_v1_PeerPrincipal, _heddle_v1_PeerPrincipal__Output>
      Register: MessageTypeDefinition<_heddle_v1_Register, _heddle_v1_Register__Output>
      Registered: MessageTypeDefinition<_heddle_v1_Registered, _heddle_v1_Registered__Output>
      Rejected: MessageTypeDefinition<_heddle_v1_Rejected, _heddle_v1_Rejected__Output>
      Renew: MessageTypeDefinition<_heddle_v1_Renew, _heddle_v1_Renew__Output>
      RenewRequest: MessageTypeDefinition<_heddle_v1_RenewRequest, _heddle_v1_RenewRequest__Output>
      RenewResponse: MessageTypeDefinition<_heddle_v1_RenewResponse, _heddle_v1_RenewResponse__Output>
      Renewed: MessageTypeDefinition<_heddle_v1_Renewed, _heddle_v1_Renewed__Output>
      ReportRequest: MessageTypeDefinition<_heddle_v1_ReportRequest, _heddle_v1_ReportRequest__Output>
      ReportResponse: MessageTypeDefinition<_heddle_v1_ReportResponse, _heddle_v1_ReportResponse__Output>
      Reporter: EnumTypeDefinition
      RequestRate: MessageTypeDefinition<_heddle_v1_RequestRate, _heddle_v1_RequestRate__Output>
      ResourceInForce: MessageTypeDefinition<_heddle_v1_ResourceInForce, _heddle_v1_ResourceInForce__Output>
      Series: MessageTypeDefinition<_heddle_v1_Series, _heddle_v1_Series__Output>
      TelemetryService: SubtypeConstructor<typeof grpc.Client, _heddle_v1_TelemetryServiceClient> & { service: _heddle_v1_TelemetryServiceDefinition }
      TrafficState: MessageTypeDefinition<_heddle_v1_TrafficState, _heddle_v1_TrafficState__Output>
      Withdraw: MessageTypeDefinition<_heddle_v1_Withdraw, _heddle_v1_Withdraw__Output>
      Withdrawn: MessageTypeDefinition<_heddle_v1_Withdrawn, _heddle_v1_Withdrawn__Output>
      WorkloadService: SubtypeConstructor<typeof grpc.Client, _heddle_v1_WorkloadServiceClient> & { service: _heddle_v1_WorkloadServiceDefinition }
    }
  }
}

