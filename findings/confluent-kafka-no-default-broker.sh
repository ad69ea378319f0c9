#!/usr/bin/env bash
# Confluent.Kafka 2.16.0: configuration that holds for all brokers is the resource BROKER with an empty name (KIP-226; kafka-configs --entity-default), and this client
# cannot name it: DescribeConfigs and IncrementalAlterConfigs reject it with an ArgumentException before anything is sent.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Confluent.Kafka 2.16.0;librdkafka.redist 2.16.0' <<'CS'
using Confluent.Kafka;
using Confluent.Kafka.Admin;

// Nobody needs to listen: the arguments are looked at first.
using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = "127.0.0.1:1" }).SetLogHandler((_, _) => { }).Build();
await Try("all brokers", "");
await Try("broker 1", "1");

async Task Try(string what, string name)
{
    ConfigResource resource = new() { Type = ResourceType.Broker, Name = name };
    try
    {
        await admin.DescribeConfigsAsync([resource], new DescribeConfigsOptions { RequestTimeout = TimeSpan.FromSeconds(2) });
    }
    catch (Exception e)
    {
        Console.WriteLine($"describe {what}: {e.GetType().Name}: {e.Message}");
    }

    try
    {
        ConfigEntry entry = new() { Name = "log.cleaner.threads", Value = "1", IncrementalOperation = AlterConfigOpType.Set };
        await admin.IncrementalAlterConfigsAsync(
            new Dictionary<ConfigResource, List<ConfigEntry>> { [resource] = [entry] },
            new IncrementalAlterConfigsOptions { RequestTimeout = TimeSpan.FromSeconds(2) });
    }
    catch (Exception e)
    {
        Console.WriteLine($"alter {what}: {e.GetType().Name}: {e.Message}");
    }
}
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'the default of all brokers cannot be described' '^describe all brokers: ArgumentException' "$out"
expect 'nor changed' '^alter all brokers: ArgumentException' "$out"
expect 'a named broker is asked for' '^describe broker 1: KafkaException.*(Timed out|timed out|Transport)' "$out"
