using RaftLog.Broker.Configuration;
using RaftLog.Broker.Partitions;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Maintenance;

/// <summary>
/// Lets partitions forget idempotent producers that were silent for <c>producer.id.expiration.ms</c>, every
/// <c>producer.id.expiration.check.interval.ms</c>
/// as Kafka does: until a check has come by, a silent producer is still known.
/// </summary>
/// <param name="partitions">The partitions of the node.</param>
/// <param name="settings">What is configured now.</param>
/// <param name="waiters">The node's clock.</param>
internal sealed class ProducerExpiry(Func<IReadOnlyList<Partition>> partitions, Func<LogMaintenanceSettings> settings, Waiters waiters)
{
    /// <summary>Runs until the node's waits are closed.</summary>
    public async Task RunAsync()
    {
        while (await waiters.Delay(TimeSpan.FromMilliseconds(settings().ProducerExpirationCheckMs)) != WaitOutcome.Closed)
        {
            long expirationMs = settings().ProducerExpirationMs;
            foreach (Partition partition in partitions())
            {
                partition.Maintenance.ExpireProducers(expirationMs);
            }
        }
    }
}
