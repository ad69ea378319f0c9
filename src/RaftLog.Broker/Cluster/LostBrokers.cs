using System.Collections.Concurrent;
using RaftLog.Broker.Metadata;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Brokers that were lost a moment ago: fenced without having asked to stop. Clients go on seeing them in Metadata for as long as the
/// session of a silent broker lasts, as with Apache Kafka, although nothing leads there any more. A client that forgets a broker at once
/// may never learn what became of it: librdkafka from 2.12 on ends its work for a broker that is gone from Metadata, and a
/// SendOffsetsToTransaction that waits for a coordinator there never returns (librdkafka#5511).
/// <para>
/// It is told of a change before the cache is, so that no response shows an image in which such a broker is fenced and does not name it.
/// </para>
/// </summary>
/// <param name="time">What its moments are measured with.</param>
/// <param name="namedFor">How long clients go on seeing one: <c>broker.session.timeout.ms</c>.</param>
internal sealed class LostBrokers(TimeProvider time, TimeSpan namedFor) : IMetadataListener
{
    private readonly ConcurrentDictionary<NodeId, long> _lostAt = [];

    /// <inheritdoc />
    public Task ApplyAsync(MetadataUpdate update)
    {
        foreach (BrokerDifference broker in update.Changes.Brokers)
        {
            if (broker is { Before.IsActive: true, After.Fenced: true })
            {
                _lostAt[broker.Id] = time.GetTimestamp();
            }
            else if (broker.After is not { Fenced: true })
            {
                _lostAt.TryRemove(broker.Id, out _);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// The brokers that clients of a listener are told of, by id: those that are alive, and those that were lost a moment ago.
    /// </summary>
    public IEnumerable<(BrokerRegistration Broker, Endpoint Endpoint)> Named(MetadataImage image, string listener) =>
        image.Behind(listener, broker => !broker.Fenced || IsLost(broker.Id));

    private bool IsLost(NodeId broker) => _lostAt.TryGetValue(broker, out long since) && time.GetElapsedTime(since) < namedFor;
}
