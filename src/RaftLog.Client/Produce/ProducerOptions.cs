using RaftLog.Protocol.Compression;

namespace RaftLog.Client.Produce;

/// <summary>How a producer sends. The names in brackets are Kafka's keys.</summary>
public sealed record ProducerOptions
{
    /// <summary>When a record counts as produced (acks).</summary>
    public Acks Acks { get; init; } = Acks.All;

    /// <summary>True so that a retry never appends a record twice and never changes the order (enable.idempotence). Only with <see cref="Acks.All"/>.</summary>
    public bool Idempotence { get; init; } = true;

    /// <summary>
    /// How long a batch waits for more records (linger.ms). With zero a batch leaves as soon as its partition is free, and what comes
    /// meanwhile makes the next one: load makes batches large, not waiting.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>The codec of the batches (compression.type).</summary>
    public CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary>The most bytes of one batch before compression (batch.size): an upper bound, not a target as in other clients.</summary>
    public int BatchSize { get; init; } = 1 << 20;

    /// <summary>The most bytes of one request, and of one record (max.request.size).</summary>
    public int MaxRequestSize { get; init; } = 1 << 20;

    /// <summary>The most bytes of records that are not acknowledged yet (buffer.memory). At the bound <see cref="Producer.ProduceAsync"/> waits.</summary>
    public long BufferMemory { get; init; } = 32 << 20;

    /// <summary>How long a call may wait for buffer memory or metadata (max.block.ms).</summary>
    public TimeSpan MaxBlock { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a record may take from the call to its acknowledgement (delivery.timeout.ms).</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The most requests that wait for an answer of one broker (max.in.flight.requests.per.connection).</summary>
    public int MaxInFlight { get; init; } = 5;

    /// <summary>
    /// The name under which the producer writes in transactions, the same across restarts and no other producer's; null for none (transactional.id).
    /// The next producer with the name fences this one.
    /// </summary>
    public string? TransactionalId { get; init; }

    /// <summary>After how long the coordinator aborts a transaction that has not ended (transaction.timeout.ms).</summary>
    public TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    internal bool IsIdempotent => Idempotence && Acks == Acks.All;

    internal void Validate()
    {
        if (TransactionalId is not null && !IsIdempotent)
        {
            throw new ArgumentException(
                $"TransactionalId (transactional.id) is '{TransactionalId}', so Acks (acks) must be All and Idempotence (enable.idempotence) true, and they are {Acks} and {Idempotence}");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestSize, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferMemory, BatchSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxInFlight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Linger, TimeSpan.Zero);
    }
}
