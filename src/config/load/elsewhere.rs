//! What to say of component types that Weir does not have: near words, other kinds, the Collector's own.

use crate::components::{CONNECTORS, EXPORTERS, EXTENSIONS, PROCESSORS, RECEIVERS};
use crate::config::nearest;
use crate::pipeline::ComponentKind;
use crate::pipeline::factory::Factory;

/// A hint for a type that is not registered for `kind`; `known` are those that are.
pub(super) fn unknown_type_hint(kind: ComponentKind, type_name: &str, known: &[&str]) -> Option<String> {
    if let Some(replacement) = removed(kind, type_name) {
        return Some(replacement.to_owned());
    }
    if let Some(other) = kind_that_has(type_name) {
        return Some(format!("{type_name} is one of the {}; write it there", other.section_name()));
    }
    if of_the_collector(kind).split(' ').any(|known| known == folded(type_name)) {
        return Some(format!(
            "the {} {type_name} is one of the OpenTelemetry Collector's; Weir does not have it yet",
            kind.name()
        ));
    }
    nearest(type_name, known).map(|word| format!("did you mean {word:?}?"))
}

/// Types that the Collector had once, and what took their place.
fn removed(kind: ComponentKind, type_name: &str) -> Option<&'static str> {
    match (kind, type_name) {
        (ComponentKind::Exporter, "loki") => {
            Some("the loki exporter was removed; use otlp_http with the endpoint http://<loki>:3100/otlp")
        }
        (ComponentKind::Exporter, "jaeger") => {
            Some("the jaeger exporter was removed; Jaeger takes OTLP, use otlp_grpc")
        }
        (ComponentKind::Extension, "memory_ballast") => {
            Some("the memory_ballast extension was removed; delete it and use the memory_limiter processor")
        }
        _ => None,
    }
}

fn kind_that_has(type_name: &str) -> Option<ComponentKind> {
    fn has<F: Factory>(factories: &[F], type_name: &str) -> Option<ComponentKind> {
        factories.iter().any(|factory| factory.info().is_called(type_name)).then_some(F::KIND)
    }
    has(RECEIVERS, type_name)
        .or_else(|| has(PROCESSORS, type_name))
        .or_else(|| has(CONNECTORS, type_name))
        .or_else(|| has(EXPORTERS, type_name))
        .or_else(|| has(EXTENSIONS, type_name))
}

/// Both spellings of a type are the same without underscores.
fn folded(type_name: &str) -> String {
    type_name.replace('_', "")
}

/// The types of the Collector's distributions, without underscores.
fn of_the_collector(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Receiver => {
            "activedirectoryds aerospike apache awscloudwatch awscloudwatchmetrics \
             awscontainerinsight awsecscontainermetrics awsfirehose awss3 awsxray azureblob \
             azureeventhub azuremonitor bigip carbon chrony cloudflare cloudfoundry collectd \
             couchdb datadog dockerstats elasticsearch envoyals expvar faro file filelog \
             filestats flinkmetrics fluentforward github gitlab googlecloudmonitoring \
             googlecloudpubsub googlecloudspanner haproxy hostmetrics httpcheck icmpcheck iis \
             influxdb jaeger jmx journald k8scluster k8sevents k8slog k8sobjects kafka \
             kafkametrics kubeletstats loki memcached mongodb mongodbatlas mysql namedpipe \
             netflow netstat nginx nsxt ntp oracledb osquery otelarrow otlpjsonfile podman \
             postgresql prometheus prometheusremotewrite prometheussimple pulsar purefa purefb \
             rabbitmq receivercreator redis riak saphana sapm signalfx simpleprometheus \
             skywalking snmp snowflake solace splunkenterprise splunkhec sqlquery sqlserver \
             sshcheck statsd stef syslog systemd tcpcheck tcplog tlscheck udplog vcenter vcr \
             wavefront webhookevent windowseventlog windowsperfcounters windowsservice yanggrpc \
             zipkin zookeeper"
        }
        ComponentKind::Processor => {
            "attributes coralogix cumulativetodelta datadogsemantics deltatocumulative \
             deltatorate dnslookup filter geoip groupbyattrs groupbytrace interval \
             isolationforest k8sattributes logdedup logstransform metricsgeneration \
             metricstarttime probabilisticsampler queuebatch redaction remotetap \
             resource resourcedetection routing schema span sumologic tailsampling transform \
             unroll"
        }
        ComponentKind::Connector => {
            "count datadog exceptions failover grafanacloud metricsaslogs otlpjson roundrobin \
             routing servicegraph signaltometrics slowsql spanmetrics spanpruning sum"
        }
        ComponentKind::Exporter => {
            "alertmanager awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob \
             azuredataexplorer azuremonitor bmchelix carbon cassandra clickhouse coralogix \
             datadog dataset doris elasticsearch faro googlecloud googlecloudpubsub \
             googlecloudstorage googlemanagedprometheus honeycombmarker influxdb kafka kinetica \
             loadbalancing logicmonitor logzio mezmo opencensus opensearch otelarrow prometheus \
             prometheusremotewrite pulsar rabbitmq sapm sematext sentry signalfx splunkhec stef \
             sumologic syslog tencentcloudlogservice tinybird wavefront zipkin"
        }
        ComponentKind::Extension => {
            "ack asapclient avrologencoding awscloudwatchmetricstreamsencoding awslogsencoding \
             awsproxy azureauth azureencoding basicauth bearertokenauth cfgardenobserver \
             cgroupruntime datadog dbstorage dockerobserver ecsobserver ecstaskobserver \
             filestorage googleclientauth googlecloudlogentryencoding headerssetter healthcheck \
             healthcheckv2 hostobserver httpforwarder jaegerencoding jaegerremotesampling \
             jsonlogencoding k8sleaderelector k8sobserver kafkatopicsobserver oauth2client oidc \
             opamp otlpencoding pprof ratelimiter redisstorage remotetap sigv4auth \
             skywalkingencoding solarwindsapmsettings sumologic textencoding zipkinencoding \
             zpages"
        }
    }
}
