using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage.Tests;

/// <summary>Two log directories of one node on a disk that may lose power, and one partition's log that lies in one of them.</summary>
internal sealed class TwoDirectories : IFlushObserver
{
    private static readonly string[] Roots = ["/a", "/b"];

    private readonly LogSettings _settings;

    /// <summary>Formats the directories where they are new, and opens them with all that is in them.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="through">What their operations go through on their way to the disk.</param>
    /// <param name="settings">How the log is cut and flushed.</param>
    /// <param name="running">How many of them flush from the beginning on.</param>
    public TwoDirectories(CrashDisk disk, IDisk through, LogSettings settings, int running = 2)
    {
        _settings = settings;
        if (!disk.DirectoryExists(Roots[0]))
        {
            foreach (string root in Roots)
            {
                Pump.Finish(() => new MetaProperties("cluster", new NodeId(1), new Uuid(1, root[1])).WriteAsync(disk, root));
            }

            Pump.Finish(() => disk.FlushDirectoryAsync("/"));
        }

        All = [.. Roots.Select(root => Pump.Finish(() => LogDirectory.OpenAsync(through, Time, root)))];
        foreach (LogDirectory directory in All)
        {
            directory.Flusher.Observe(this);
            Pump.Finish(() => directory.OpenAllAsync(settings));
        }

        Aside = DuplicateLogs.SetAside(All);
        foreach (LogDirectory directory in All.Take(running))
        {
            Run(directory);
        }
    }

    public Pump Pump { get; } = new();

    public ManualTime Time { get; } = new();

    public IReadOnlyList<LogDirectory> All { get; }

    public IReadOnlyList<(PartitionLog Log, string? Path)> Aside { get; }

    /// <summary>Where the log lies: in exactly one of them.</summary>
    public LogDirectory Holder => Assert.Single(All, each => each.Find(Node.Orders) is not null);

    public LogDirectory Other => All.First(each => each != Holder);

    public PartitionLog Log => Holder.Find(Node.Orders)!;

    public void Flushed(IReadOnlyList<PartitionLog> logs) { }

    public void Run(LogDirectory directory) => Pump.Start(directory.RunAsync);

    public void Create() => All[0].Create(Node.Orders, Node.OrdersId, _settings);

    /// <summary>Lets everything that is dirty be flushed.</summary>
    public void Flush() => Pump.Drain();

    public void WriteCheckpoints()
    {
        Time.Advance(TimeSpan.FromSeconds(5));
        Pump.Drain();
    }
}
