using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Compression;

namespace RaftLog.Simulation;

/// <summary>
/// The shipped producer, idempotent and with acks=all, in a program that sends at random times. What it cannot deliver stays unknown; a
/// producer that gave up is replaced, and its successor is another one for the order of sends.
/// </summary>
internal sealed class PacedProducer(Incarnation program, KafkaCluster cluster, SimRandom random, TimeSpan interval, int maxOutstanding)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private Producer? _producer;
    private int _outstanding;
    private bool _isNew;
    private bool _stopped;

    /// <summary>How it compresses its batches.</summary>
    internal CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary>Which producer this is, from 1 on.</summary>
    internal int Generation { get; private set; }

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _stopped && _outstanding == 0;

    internal void Stop() => _stopped = true;

    /// <summary>The program is killed: it hears of nothing any more.</summary>
    internal void Abandon()
    {
        _stopped = true;
        _outstanding = 0;
    }

    /// <summary>Sends again and again, until it is stopped.</summary>
    /// <param name="sendAsync">Sends one record by <see cref="SendAsync"/>, or none.</param>
    internal async Task RunAsync(Func<Task> sendAsync)
    {
        Open();
        while (!_stopped)
        {
            await Task.Delay(random.Exponential(interval), program.Time);
            if (_outstanding < maxOutstanding && !_stopped)
            {
                Task sent = sendAsync();
                if (_isNew)
                {
                    // The order of calls is the order of records only once the producer knows the topic.
                    _isNew = false;
                    await sent;
                }
            }
        }
    }

    /// <summary>Sends a record.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="acknowledged">Told where the record stands; not called when that stays unknown.</param>
    internal async Task SendAsync(string topic, ProducerRecord record, Action<ProduceResult> acknowledged)
    {
        _outstanding++;
        Producer producer = _producer!;
        try
        {
            acknowledged(await producer.ProduceAsync(topic, record));
        }
        catch (KafkaException)
        {
            if (ReferenceEquals(producer, _producer))
            {
                Open();
            }
        }

        _outstanding--;
    }

    private void Open()
    {
        Generation++;
        _isNew = true;
        _producer = cluster.CreateProducer(
            new ProducerOptions
            {
                DeliveryTimeout = Limit,
                MaxBlock = Limit,
                Compression = Compression,
            }
        );
    }
}
