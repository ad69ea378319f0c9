namespace RaftLog.Architecture.Tests;

/// <summary>
/// What the rooms must not use: the pure rooms no effect at all, the shell rooms nothing that a simulator cannot drive on one thread.
/// </summary>
internal static class Bans
{
    private const string Seam = "effects come through the seams of Platform";
    private const string Core = "a core takes inputs and returns results; time comes in, deadlines go out";
    private const string Clock = "take the TimeProvider of the World";
    private const string Waiting = "wait with Waiters, AsyncSignal or AsyncQueue";
    private const string Loops = "start loops with a Supervisor";
    private const string Order = "its order differs between processes or runs: use Dictionary, SortedDictionary or a list";

    /// <summary>Everywhere in <c>src</c>: on .NET 10.0 for Linux these return normally when the kernel's fsync fails.</summary>
    internal static IReadOnlyList<Ban> Everywhere { get; } =
    [
        new("System.IO.RandomAccess::FlushToDisk", "flush with IDisk.FlushAsync"),
        new("System.IO.FileStream::Flush", "flush with IDisk.FlushAsync", use => use.Parameters.Count == 0),
    ];

    /// <summary>In the pure rooms.</summary>
    internal static IReadOnlyList<Ban> Pure { get; } =
    [
        new("System.IO.*", Core),
        new("System.Net.*", Core),
        new("System.Threading.*", Core),
        new("System.Runtime.CompilerServices.AsyncTaskMethodBuilder", Core),
        new("System.Runtime.CompilerServices.AsyncTaskMethodBuilder`1", Core),
        new("System.Runtime.CompilerServices.AsyncValueTaskMethodBuilder", Core),
        new("System.Runtime.CompilerServices.AsyncValueTaskMethodBuilder`1", Core),
        new("System.Runtime.CompilerServices.AsyncVoidMethodBuilder", Core),
        new("System.TimeProvider", Core),
        new("System.Diagnostics.Stopwatch", Core),
        new("System.DateTime", Core),
        new("System.DateTimeOffset", Core),
        new("System.Environment::*", Core, IsOfAnIterator),
        new("System.Console", Core),
        new("System.Random", "take random numbers as input"),
        new("System.Security.Cryptography.*", "take random bytes as input"),
        new("System.Guid::NewGuid", "take ids as input"),
        new("System.Guid::CreateVersion7", "take ids as input"),
        new("System.WeakReference", Core),
        new("System.WeakReference`1", Core),
        new("System.GC", Core),
        new("System.Collections.Concurrent.*", Order),
        new("System.Collections.Frozen.*", Order),
        new("System.Collections.Immutable.ImmutableDictionary::*", Order, use => use.Member == "GetValueOrDefault"),
        new("System.Collections.Immutable.ImmutableDictionary`2", Order),
        new("System.Collections.Immutable.ImmutableHashSet", Order),
        new("System.Collections.Immutable.ImmutableHashSet`1", Order),
    ];

    /// <summary>In every room above Platform that is not pure: what queues pool work, owns a thread or reads another clock.</summary>
    internal static IReadOnlyList<Ban> Shell { get; } =
    [
        new("System.Threading.Tasks.Task::ConfigureAwait", "leave it out: a continuation must run in its context"),
        new("System.Threading.Tasks.Task`1::ConfigureAwait", "leave it out: a continuation must run in its context"),
        new("System.Threading.Tasks.ValueTask::ConfigureAwait", "leave it out: a continuation must run in its context"),
        new("System.Threading.Tasks.ValueTask`1::ConfigureAwait", "leave it out: a continuation must run in its context"),
        new("System.Threading.Tasks.TaskAsyncEnumerableExtensions::ConfigureAwait", "leave it out: a continuation must run in its context"),
        new("System.Threading.Tasks.Task::Run", Loops),
        new("System.Threading.Tasks.Task::Start", Loops),
        new("System.Threading.Tasks.TaskFactory", Loops),
        new("System.Threading.Tasks.TaskFactory`1", Loops),
        new("System.Threading.Tasks.Task::ContinueWith", "await it"),
        new("System.Threading.Tasks.Task`1::ContinueWith", "await it"),
        new("System.Threading.Tasks.TaskExtensions::Unwrap", "await it twice"),
        new("System.Threading.Tasks.Task::WhenAny", Waiting),
        new("System.Threading.Tasks.Task::WhenEach", Waiting),
        new("System.Threading.Tasks.Task::WaitAsync", Waiting),
        new("System.Threading.Tasks.Task`1::WaitAsync", Waiting),
        new("System.Threading.Tasks.Task::Wait", "await it"),
        new("System.Threading.Tasks.Task::WaitAll", "await them"),
        new("System.Threading.Tasks.Task::WaitAny", Waiting),
        new("System.Threading.Tasks.Task`1::get_Result", "await it"),
        new("System.Threading.Tasks.Task::Delay", Clock, TakesAClock),
        new("System.Threading.Tasks.Parallel", Loops),
        new("System.Threading.Tasks.ParallelLoopState", Loops),
        new("System.Threading.PeriodicTimer::.ctor", Clock, TakesAClock),
        new("System.Threading.CancellationTokenSource::.ctor", Clock, use => use.Parameters.Count == 0 || TakesAClock(use)),
        new("System.Threading.CancellationTokenSource::CancelAfter", Clock),
        new("System.Threading.CancellationTokenSource::CancelAsync", "call Cancel"),
        new("System.Threading.Channels.ChannelReader`1::ReadAllAsync", "use WaitToReadAsync and TryRead, or an AsyncQueue"),
        new("System.Threading.SemaphoreSlim::Wait", Waiting),
        new("System.Threading.SemaphoreSlim::WaitAsync", Waiting, use => use.Parameters.Count == 0),
        new("System.Threading.Thread", Loops),
        new("System.Threading.ThreadPool", Loops),
        new("System.Threading.Timer", Clock),
        new("System.Timers.*", Clock),
        new("System.Threading.SpinWait", Waiting),
        new("System.Threading.Monitor::Wait", Waiting),
        new("System.Threading.Monitor::Pulse", Waiting),
        new("System.Threading.Monitor::PulseAll", Waiting),
        new("System.Threading.ManualResetEvent", Waiting),
        new("System.Threading.ManualResetEventSlim", Waiting),
        new("System.Threading.AutoResetEvent", Waiting),
        new("System.Threading.EventWaitHandle", Waiting),
        new("System.Threading.CountdownEvent", Waiting),
        new("System.Threading.Barrier", Waiting),
        new("System.Threading.ReaderWriterLock", Waiting),
        new("System.Collections.Concurrent.BlockingCollection`1", Waiting),
        new("System.Threading.AsyncLocal`1", "pass it as an argument"),
        new("System.Threading.ThreadLocal`1", "pass it as an argument"),
        new("System.IO.Stream::CopyToAsync", "read and write in a loop"),
        new("System.IO.Pipelines.*", "receive into buffers of the BufferPool"),
        new("System.DateTime::get_Now", Clock),
        new("System.DateTime::get_UtcNow", Clock),
        new("System.DateTime::get_Today", Clock),
        new("System.DateTimeOffset::get_Now", Clock),
        new("System.DateTimeOffset::get_UtcNow", Clock),
        new("System.Diagnostics.Stopwatch", Clock),
        new("System.Environment::get_TickCount", Clock),
        new("System.Environment::get_TickCount64", Clock),
        new("System.Environment::Exit", "halt through IProcess"),
        new("System.Environment::FailFast", "halt through IProcess"),
        new("System.Guid::NewGuid", "take bytes from IEntropy"),
        new("System.Guid::CreateVersion7", "take bytes from IEntropy"),
        new("System.Random", "take numbers from IEntropy"),
    ];

    /// <summary>In the rooms that a node and a client are made of: the world is reached through the seams only.</summary>
    internal static IReadOnlyList<Ban> World { get; } =
    [
        new("System.IO.File", Seam),
        new("System.IO.FileInfo", Seam),
        new("System.IO.FileStream", Seam),
        new("System.IO.Directory", Seam),
        new("System.IO.DirectoryInfo", Seam),
        new("System.IO.DriveInfo", Seam),
        new("System.IO.RandomAccess", Seam),
        new("System.IO.MemoryMappedFiles.*", Seam),
        new("System.Net.Sockets.*", Seam),
        new("System.Net.Dns", Seam),
        new("System.Net.Http.*", Seam),
        new("System.Security.Cryptography.RandomNumberGenerator", Seam),
        new("System.TimeProvider::get_System", Clock),
        new("System.Diagnostics.Process", Seam),
    ];

    /// <summary>The compiler's iterators ask for their thread, to know whether they may enumerate themselves.</summary>
    private static bool IsOfAnIterator(Use use) => use.Member == "get_CurrentManagedThreadId";

    private static bool TakesAClock(Use use) => use.Parameters.Contains("System.TimeProvider");
}
