using RaftLog.Protocol.Compression;

namespace RaftLog.Client.Produce;

/// <summary>How a producer sends. The names in brackets are Kafka's keys.</summary>
public sealed record ProducerOptions
{
    /// <summary>When a record counts as produced (acks).</summary>
    public Acks Acks { get; init; } = Acks.All;

    /// <summary>
    /// True so that a retry never appends a record twice and never changes the order (enable.idempotence). Only with
    /// <see cref="Acks.All"/>.
    /// </summary>
    public bool Idempotence { get; init; } = true;

    /// <summary>
    /// How long a batch waits for more records (linger.ms). With zero a batch leaves as soon as its partition is free, and what comes
    /// meanwhile makes the next one: load makes batches large, not waiting.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>The codec of the batches (compression.type).</summary>
    public CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary>
    /// The codec's level: gzip 1 to 9, lz4 1 to 17, zstd -131072 to 22; null for the codec's own default (compression.gzip.level,
    /// compression.lz4.level, compression.zstd.level).
    /// </summary>
    public int? CompressionLevel { get; init; }

    /// <summary>
    /// Chooses the partition of records whose producer has named none (partitioner.class): see <see cref="Partitioners"/>.
    /// </summary>
    public IPartitioner Partitioner { get; init; } = Partitioners.Murmur2;

    /// <summary>
    /// True to give slow partitions fewer of the records that may go anywhere (partitioner.adaptive.partitioning.enable, KIP-794).
    /// </summary>
    public bool AdaptivePartitioning { get; init; } = true;

    /// <summary>
    /// How long a batch may wait in a partition before records that may go anywhere pass it over; zero for any time
    /// (partitioner.availability.timeout.ms).
    /// </summary>
    public TimeSpan PartitionAvailabilityTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>See and change records on their way, in order (interceptor.classes).</summary>
    public IReadOnlyList<IProducerInterceptor> Interceptors { get; init; } = [];

    /// <summary>
    /// The most bytes of one batch before compression (batch.size): an upper bound, not a target as in other clients. No batch is larger
    /// than <see cref="MaxRequestSize"/> either.
    /// </summary>
    public int BatchSize { get; init; } = 1 << 20;

    /// <summary>The most bytes of one request, and of one record (max.request.size).</summary>
    public int MaxRequestSize { get; init; } = 1 << 20;

    /// <summary>
    /// The most bytes of records that are not acknowledged yet (buffer.memory). At the bound <see cref="Producer.ProduceAsync"/> waits.
    /// </summary>
    public long BufferMemory { get; init; } = 32 << 20;

    /// <summary>How long a call may wait for buffer memory or metadata (max.block.ms).</summary>
    public TimeSpan MaxBlock { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a record may take from the call to its acknowledgement (delivery.timeout.ms).</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// How long <see cref="Producer.DisposeAsync"/> waits for what is still here, which fails then; null for as long as a record may take
    /// (delivery.timeout.ms and max.block.ms together).
    /// </summary>
    public TimeSpan? CloseTimeout { get; init; }

    /// <summary>The most requests that wait for a response of one broker (max.in.flight.requests.per.connection).</summary>
    public int MaxInFlight { get; init; } = 5;

    /// <summary>
    /// The name under which the producer writes in transactions, the same across restarts and no other producer's; null for none
    /// (transactional.id). The next producer with the name fences this one.
    /// </summary>
    public string? TransactionalId { get; init; }

    /// <summary>After how long the coordinator aborts a transaction that has not ended (transaction.timeout.ms).</summary>
    public TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The most bytes of a batch: it is to fit into a request.</summary>
    internal int LargestBatch => Math.Min(BatchSize, MaxRequestSize);

    internal bool IsIdempotent => Idempotence && Acks == Acks.All;

    internal void Validate()
    {
        Check(BatchSize >= 1024, nameof(BatchSize), "batch.size", BatchSize, "must be at least 1024 bytes");
        Check(MaxRequestSize >= 1024, nameof(MaxRequestSize), "max.request.size", MaxRequestSize, "must be at least 1024 bytes");
        Check(
            BufferMemory >= BatchSize,
            nameof(BufferMemory),
            "buffer.memory",
            BufferMemory,
            $"must have room for one batch of {BatchSize} bytes (batch.size)"
        );
        Check(MaxInFlight >= 1, nameof(MaxInFlight), "max.in.flight.requests.per.connection", MaxInFlight, "must be at least 1");
        Check(Linger >= TimeSpan.Zero, nameof(Linger), "linger.ms", Linger, "must not be negative");
        Check(MaxBlock >= TimeSpan.Zero, nameof(MaxBlock), "max.block.ms", MaxBlock, "must not be negative");
        Check(
            DeliveryTimeout > Linger,
            nameof(DeliveryTimeout),
            "delivery.timeout.ms",
            DeliveryTimeout,
            $"must be longer than {Linger} (linger.ms)"
        );
        Check(Enum.IsDefined(Acks), nameof(Acks), "acks", Acks, "must be All, Leader or None");
        Check(RecordCompression.Exists(Compression), nameof(Compression), "compression.type", Compression, "is no codec");
        Check(
            PartitionAvailabilityTimeout >= TimeSpan.Zero,
            nameof(PartitionAvailabilityTimeout),
            "partitioner.availability.timeout.ms",
            PartitionAvailabilityTimeout,
            "must not be negative"
        );
        Check(TransactionalId is not { Length: 0 }, nameof(TransactionalId), "transactional.id", "''", "must not be empty");
        Check(
            TransactionTimeout > TimeSpan.Zero && TransactionTimeout.TotalMilliseconds <= int.MaxValue,
            nameof(TransactionTimeout),
            "transaction.timeout.ms",
            TransactionTimeout,
            $"must be positive and at most {int.MaxValue} ms"
        );
        Check(
            TransactionalId is null || IsIdempotent,
            nameof(TransactionalId),
            "transactional.id",
            TransactionalId,
            $"needs Acks (acks) All and Idempotence (enable.idempotence) true, and they are {Acks} and {Idempotence}"
        );
        if (CompressionLevel is { } level)
        {
            (int lowest, int highest) = Compression switch
            {
                CompressionType.Gzip => (1, 9),
                CompressionType.Lz4 => (1, 17),
                CompressionType.Zstd => (-131072, 22),
                _ => (0, -1),
            };
            Check(
                level >= lowest && level <= highest,
                nameof(CompressionLevel),
                $"compression.{Compression.ToString().ToLowerInvariant()}.level",
                level,
                highest < lowest ? $"has no meaning with {Compression}" : $"must be {lowest} to {highest}"
            );
        }
    }

    private static void Check(bool isRight, string option, string key, object? value, string demand)
    {
        if (!isRight)
        {
            throw new ArgumentException($"{option} ({key}) is {value}: it {demand}", option);
        }
    }
}
