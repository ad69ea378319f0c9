using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage.Tests;

/// <summary>A log directory on a disk that may lose power, with its loops running on the test's thread.</summary>
internal sealed class Node : IFlushObserver
{
    public const string Root = "/data";

    public static readonly TopicPartition Orders = new("orders", 0);
    public static readonly Uuid OrdersId = new(7, 9);
    public static readonly LogSettings Small = new() { SegmentBytes = 1000, IndexIntervalBytes = 100 };

    private Task? _loops;

    /// <param name="disk">The disk, where there is one already.</param>
    /// <param name="through">What the node's operations go through on their way to the disk.</param>
    /// <param name="time">The clock, where there is one already.</param>
    public Node(CrashDisk? disk = null, RaftLog.Platform.IDisk? through = null, ManualTime? time = null)
    {
        Time = time ?? new ManualTime();
        Disk = disk ?? new CrashDisk();
        if (!Disk.DirectoryExists(Root))
        {
            Pump.Finish(() => new MetaProperties("cluster", new NodeId(1), new Uuid(1, 2)).WriteAsync(Disk, Root));
            Pump.Finish(() => Disk.FlushDirectoryAsync("/"));
        }

        Directory = Pump.Finish(() => LogDirectory.OpenAsync(through ?? Disk, Time, Root));
        Directory.Flusher.Observe(this);
    }

    public CrashDisk Disk { get; }

    public Pump Pump { get; } = new();

    public ManualTime Time { get; }

    public LogDirectory Directory { get; private set; }

    /// <summary>How often the observer was called, and with how many logs.</summary>
    public List<int> Groups { get; } = [];

    public Action<IReadOnlyList<PartitionLog>>? OnFlushed { get; set; }

    public void Flushed(IReadOnlyList<PartitionLog> logs)
    {
        Groups.Add(logs.Count);
        OnFlushed?.Invoke(logs);
    }

    /// <summary>Starts the directory's loops.</summary>
    public Node Run()
    {
        _loops = Pump.Start(Directory.RunAsync);
        return this;
    }

    public PartitionLog Create(LogSettings? settings = null) => Directory.Create(Orders, OrdersId, settings ?? Small);

    public PartitionLog Open(LogSettings? settings = null) => Pump.Finish(() => Directory.OpenLogAsync(Orders, settings ?? Small));

    /// <summary>Lets everything that is dirty be flushed.</summary>
    public void Flush() => Pump.Drain();

    /// <summary>Lets the checkpoints be written.</summary>
    public void WriteCheckpoints()
    {
        Time.Advance(TimeSpan.FromSeconds(5));
        Pump.Drain();
    }

    /// <summary>Stops in order.</summary>
    public void Close()
    {
        Pump.Finish(() => Directory.CloseAsync(new BrokerEpoch(17)));
        Pump.Drain();
        Assert.True(_loops!.IsCompletedSuccessfully);
    }

    /// <summary>The power goes; the result is the next node over what is left.</summary>
    public Node LosePower(Func<int, int> next)
    {
        Disk.LosePower(next);
        return new Node(Disk).Run();
    }

    /// <summary>The node starts again after a clean stop.</summary>
    public Node Restart()
    {
        Close();
        return new Node(Disk).Run();
    }
}
