using System.Globalization;
using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Storage;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// One log of the shipped Storage over a simulated disk whose flushes take ten milliseconds: for scenarios in which every step is chosen.
/// </summary>
internal sealed class ScenarioLog : IFlushObserver
{
    /// <summary>The directory of the log.</summary>
    internal const string Path = $"{Root}/t-0";
    private const string Root = "/data";
    private const string SnapshotSuffix = ".snapshot";
    internal const long WallMs = 1_700_000_000_000;
    private static readonly TopicPartition Name = new("t", 0);
    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(10);

    private readonly SimScheduler _scheduler;
    private readonly LogSettings _settings;
    private Incarnation? _owner;
    private LogDirectory? _directory;
    private PartitionLog? _log;

    public ScenarioLog(ulong seed = 1, int segmentBytes = 1_000)
    {
        _settings = new LogSettings { SegmentBytes = segmentBytes, IndexIntervalBytes = 100 };
        SimRandom random = new(seed);
        _scheduler = new SimScheduler(random.Split("order"));
        Volume = new SimVolume(_scheduler, random.Split("disk"), new DiskProfile(FlushTime, TimeSpan.Zero, 0, TimeSpan.Zero), number: 1);
        Start();
    }

    public SimVolume Volume { get; }

    public PartitionLog Log => _log!;

    public LogDirectory Directory => _directory!;

    public IDisk Disk => new SimDisk(Volume, _owner!);

    public TimeProvider Time => _owner!.Time;

    public bool IsOffline => _directory!.Health.IsOffline;

    public void Flushed(IReadOnlyList<PartitionLog> logs) { }

    /// <summary>Runs steps inside the process, to their end.</summary>
    public void Run(Func<ScenarioLog, Task> steps)
    {
        Task? told = null;
        _owner!.Run("steps", () => told = steps(this));
        Expect.True(
            _scheduler.RunUntil(() => told is { IsCompleted: true }, TimeSpan.FromSeconds(60)),
            _scheduler.Failure ?? "the steps end"
        );
        told!.GetAwaiter().GetResult();
    }

    /// <summary>Runs a loop of the process.</summary>
    public void RunBeside(string what, Func<Task> loop) => _owner!.Run(what, loop);

    /// <summary>Lets time pass.</summary>
    public void RunFor(int ms)
    {
        _scheduler.RunFor(TimeSpan.FromMilliseconds(ms));
        Expect.True(_scheduler.Failure is null, _scheduler.Failure ?? "");
    }

    /// <summary>Lets all that is dirty be flushed.</summary>
    public void Flush() => RunFor(500);

    /// <summary>A producer's record, appended by a leader.</summary>
    public ErrorCode Append(string value, int epoch = 1, int? sequence = null) => Append(value, epoch, sequence, out _);

    /// <summary>The same, and whether the log had it already.</summary>
    public ErrorCode Append(string value, int epoch, int? sequence, out bool isDuplicate)
    {
        AppendResult result = Do(() =>
            Log.AppendAsLeader(BatchOf(value, sequence), new LeaderEpoch(epoch), AppendSettings.Default, WallMs)
        );
        isDuplicate = result.IsDuplicate;
        return result.Error;
    }

    /// <summary>A record of the producer's transaction, appended by a leader.</summary>
    public void AppendInTransaction(string value, int sequence, int epoch = 1) =>
        Expect.Equal(
            ErrorCode.None,
            Do(() =>
                Log.AppendAsLeader(BatchOf(value, sequence, isTransactional: true), new LeaderEpoch(epoch), AppendSettings.Default, WallMs)
            ).Error
        );

    /// <summary>The marker that ends the producer's transaction, appended by a leader.</summary>
    public void EndTransaction(ControlRecordType how, int epoch = 1)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 10, CompressionType.None));
        ControlBatch.AppendMarker(builder, WallMs, how, StampOf(ProducerStamp.NoSequence), new LeaderEpoch(0));
        Expect.Equal(ErrorCode.None, Do(() => Log.AppendMarker(builder.Seal().ToArray(), 1, new LeaderEpoch(epoch), WallMs)).Error);
    }

    /// <summary>A record of its own time, appended by a leader.</summary>
    public void AppendAt(string value, long timeMs, int epoch = 1) =>
        Expect.Equal(
            ErrorCode.None,
            Do(() => Log.AppendAsLeader(BatchOf(value, null, timeMs), new LeaderEpoch(epoch), AppendSettings.Default, WallMs)).Error
        );

    /// <summary>The offset of the first record at or after a time; null where there is none.</summary>
    public Offset? FirstAtOrAfter(long timeMs) => Do(() => Log.FindByTimestamp(timeMs)?.Offset);

    /// <summary>The offset of the record with the largest timestamp; null where there is none.</summary>
    public Offset? LatestInTime() => Do(() => Log.FindMaxTimestamp()?.Offset);

    /// <summary>True for the name of a snapshot of producers above an offset.</summary>
    public static bool IsSnapshotAbove(string name, long offset) =>
        name.EndsWith(SnapshotSuffix, StringComparison.Ordinal)
        && long.Parse(name.AsSpan(0, name.Length - SnapshotSuffix.Length), CultureInfo.InvariantCulture) > offset;

    /// <summary>Chance brings the snapshots of producers to the medium, and nothing else.</summary>
    public void MakeSnapshotsDurable()
    {
        SimDirectory directory = (SimDirectory)Volume.Find(Path)!;
        directory.MakeDurable(directory.Changes);
        foreach (
            SimInode file in directory
                .Current.Where(each => each.Key.EndsWith(SnapshotSuffix, StringComparison.Ordinal))
                .Select(each => (SimInode)each.Value)
        )
        {
            file.MakeDurable(file.Operations);
        }
    }

    /// <summary>A leadership begins.</summary>
    public void BeginEpoch(int epoch) =>
        Do(() =>
        {
            Log.BeginEpoch(new LeaderEpoch(epoch));
            return true;
        });

    /// <summary>Cuts the log, which holds nothing committed.</summary>
    public void Cut(int end) =>
        Do(() =>
        {
            Log.TruncateTo(new Offset(end));
            return true;
        });

    /// <summary>All that is in the log is committed.</summary>
    public void Commit() =>
        Do(() =>
        {
            Log.SetHighWatermark(Log.EndOffset);
            return true;
        });

    /// <summary>The machine loses its power, comes back, and the log is recovered.</summary>
    public void LosePower()
    {
        _owner!.Kill();
        Volume.LosePower();
        Start();
    }

    /// <summary>The process is killed and started again over a disk that has corrupt a batch: what rejects then, or null.</summary>
    public Exception? RejectionAfterKill()
    {
        _owner!.Kill();
        Exception? rejection = null;
        Incarnation owner = new(_scheduler, "log", 1);
        SimDisk disk = new(Volume, owner);
        bool isOver = false;
        owner.Run(
            "open",
            async () =>
            {
                try
                {
                    LogDirectory directory = await LogDirectory.OpenAsync(disk, owner.Time, Root);
                    await directory.OpenLogAsync(Name, _settings);
                }
                catch (DiskException rejected)
                {
                    rejection = rejected;
                }

                isOver = true;
            }
        );
        Expect.True(_scheduler.RunUntil(() => isOver, TimeSpan.FromSeconds(10)), _scheduler.Failure ?? "the log opens, or is rejected");
        owner.Kill();
        return rejection;
    }

    /// <summary>The process is killed, and comes back over the page cache that it had.</summary>
    public void Restart()
    {
        _owner!.Kill();
        Start();
    }

    /// <summary>The process comes back.</summary>
    public void ComeBack() => Start();

    /// <summary>The values of all records; each batch must be intact.</summary>
    public List<string> Values()
    {
        List<string> values = [];
        Offset from = Log.StartOffset;
        while (from < Log.EndOffset)
        {
            ReadResult read = Log.Read(from, 1 << 20, Log.EndOffset, atLeastOneBatch: true);
            Expect.Equal(ErrorCode.None, read.Error);
            using LogSlice slice = read.Slice;
            byte[] bytes = new byte[slice.Length];
            foreach (RecordBatch batch in new RecordBatches(bytes.AsSpan(0, slice.Read(bytes))))
            {
                Expect.True(batch.HasValidChecksum);
                using RecordSection section = RecordSection.Open(batch, 1 << 20);
                foreach (Record record in section)
                {
                    values.Add(Encoding.UTF8.GetString(record.Value.Span));
                }

                from = batch.NextOffset;
            }
        }

        return values;
    }

    private static ProducerStamp StampOf(int sequence) => new(new ProducerId(7), new ProducerEpoch(0), sequence);

    private static Memory<byte> BatchOf(string value, int? sequence, long timeMs = WallMs, bool isTransactional = false)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 20, CompressionType.None));
        builder.Producer = sequence is { } number ? StampOf(number) : ProducerStamp.None;
        builder.Attributes = isTransactional ? builder.Attributes.AsTransactional() : builder.Attributes;
        Expect.True(builder.TryAppend(timeMs, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        return builder.Seal().ToArray();
    }

    private void Start()
    {
        Incarnation owner = new(_scheduler, "log", 1);
        SimDisk disk = new(Volume, owner);
        _owner = owner;
        bool isOpen = false;
        owner.Run(
            "open",
            async () =>
            {
                if (!disk.DirectoryExists(Root))
                {
                    disk.CreateDirectory(Root);
                    await new MetaProperties("cluster", new NodeId(1), new Uuid(1, 2)).WriteAsync(disk, Root);
                    await disk.FlushDirectoryAsync("/");
                }

                LogDirectory directory = await LogDirectory.OpenAsync(disk, owner.Time, Root);
                directory.Flusher.Observe(this);
                _directory = directory;
                owner.Run("loops", directory.RunAsync);
                _log = directory.Stored().Contains(Name)
                    ? await directory.OpenLogAsync(Name, _settings)
                    : directory.Create(Name, new Uuid(7, 9), _settings);
                isOpen = true;
            }
        );
        Expect.True(_scheduler.RunUntil(() => isOpen, TimeSpan.FromSeconds(10)), _scheduler.Failure ?? "the log opens");
        Flush();
    }

    private T Do<T>(Func<T> step)
    {
        bool isDone = false;
        T? result = default;
        _owner!.Run(
            "step",
            () =>
            {
                result = step();
                isDone = true;
                return Task.CompletedTask;
            }
        );
        Expect.True(_scheduler.RunUntil(() => isDone, TimeSpan.Zero), _scheduler.Failure ?? "the step is done");
        return result!;
    }
}
