using System.Diagnostics;
using System.Globalization;
using Xunit.Sdk;

namespace RaftLog.TestKit;

/// <summary>One node as a process of the operating system: started, paused, killed and started again by a test.</summary>
/// <param name="id">The node's id.</param>
/// <param name="port">The port for clients.</param>
/// <param name="directory">Its data directory.</param>
/// <param name="arguments">The arguments of <c>raftlog</c> that start it.</param>
public sealed class NodeProcess(int id, int port, string directory, IReadOnlyList<string> arguments) : IDisposable
{
    private const int TailLines = 60;

    private readonly Queue<string> _said = new();
    private Process? _process;
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The node's id.</summary>
    public int Id { get; } = id;

    /// <summary>The port for clients.</summary>
    public int Port { get; } = port;

    /// <summary>The process, while it runs.</summary>
    public int ProcessId => Running.Id;

    /// <summary>Where clients connect.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Its data directory.</summary>
    public string Directory { get; } = directory;

    /// <summary>True while the process exists.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The resident memory in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            foreach (string line in File.ReadLines($"/proc/{Running.Id}/status"))
            {
                if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
                {
                    return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
                }
            }

            throw new XunitException($"the system does not tell the memory of node {Id}");
        }
    }

    private Process Running =>
        _process is { HasExited: false } process ? process : throw new XunitException($"node {Id} does not run\n{Log()}");

    /// <summary>Starts the process; <see cref="WaitUntilReadyAsync"/> waits for the port.</summary>
    public void Start()
    {
        _process?.Dispose();
        _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ProcessStartInfo info = new(Repository.RaftLog, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = new() { StartInfo = info, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, e) => Hear(e.Data);
        process.ErrorDataReceived += (_, e) => Hear(e.Data);
        process.Exited += (_, _) => _ready.TrySetException(new XunitException($"node {Id} ended while starting"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
    }

    /// <summary>Waits until the node has opened its port for clients.</summary>
    public async Task WaitUntilReadyAsync()
    {
        try
        {
            await _ready.Task.WaitAsync(Poll.Patience);
        }
        catch (TimeoutException)
        {
            throw new XunitException($"node {Id} does not say 'ready' after {Poll.Patience.TotalSeconds:0} s\n{Log()}");
        }
        catch (XunitException e)
        {
            throw new XunitException($"{e.Message}\n{Log()}");
        }
    }

    /// <summary>Starts the process again and waits for its port.</summary>
    public async Task RestartAsync()
    {
        Start();
        await WaitUntilReadyAsync();
    }

    /// <summary>Sends a signal.</summary>
    public void Send(Signal signal)
    {
        if (!Signals.Send(Running.Id, signal))
        {
            throw new XunitException($"node {Id} took no signal");
        }
    }

    /// <summary>Kills the process, as a power cut of the program alone, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        Send(Signal.Kill);
        await EndAsync();
    }

    /// <summary>Asks for a clean stop and waits for it.</summary>
    public async Task StopAsync()
    {
        Send(Signal.Terminate);
        await EndAsync();
    }

    /// <summary>What the node said last, and the tails of its log files.</summary>
    public string Log()
    {
        List<string> lines = [$"--- node {Id} ({(IsRunning ? "running" : "ended" + ExitText())}), its last words:"];
        lock (_said)
        {
            lines.AddRange(_said);
        }

        if (System.IO.Directory.Exists(Directory))
        {
            foreach (string file in System.IO.Directory.EnumerateFiles(Directory, "*.log").Order())
            {
                lines.Add($"--- {file}:");
                lines.AddRange(File.ReadLines(file).TakeLast(TailLines));
            }
        }

        return string.Join('\n', lines);
    }

    /// <summary>Kills the process when it still runs.</summary>
    public void Dispose()
    {
        if (IsRunning)
        {
            Signals.Send(_process!.Id, Signal.Kill);
            _process.WaitForExit(TimeSpan.FromSeconds(10));
        }

        _process?.Dispose();
        _process = null;
    }

    private string ExitText() => _process is null ? "" : string.Create(CultureInfo.InvariantCulture, $" with {_process.ExitCode}");

    private async Task EndAsync()
    {
        using CancellationTokenSource bound = new(Poll.Patience);
        try
        {
            await _process!.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            throw new XunitException($"node {Id} does not end\n{Log()}");
        }
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_said)
        {
            _said.Enqueue(line);
            if (_said.Count > TailLines)
            {
                _said.Dequeue();
            }
        }

        if (line.Contains("ready", StringComparison.Ordinal))
        {
            _ready.TrySetResult();
        }
    }
}
