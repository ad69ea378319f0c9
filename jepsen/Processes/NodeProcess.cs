using System.Diagnostics;
using RaftLog.TestKit;

namespace RaftLog.Jepsen.Processes;

/// <summary>One node as a process of the operating system. Only processes that it started itself are ever sent a signal.</summary>
internal sealed class NodeProcess(
    int id,
    ISystemUnderTest system,
    string propertiesFile,
    NodePorts ports,
    string dataDirectory,
    string logFile
) : IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly StreamWriter _log = new(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
    {
        AutoFlush = true,
    };
    private Process? _process;
    private bool _isMeantToRun;

    public int Id => id;

    public NodePorts Ports => ports;

    public string DataDirectory => dataDirectory;

    public TimeSpan StartLimit => system.StartLimit;

    /// <summary>Told of ends that nobody asked for, and of alarming lines.</summary>
    public Action<string>? Alarm { get; set; }

    /// <summary>The process id, or 0 while it does not run.</summary>
    public int Pid => _process is { HasExited: false } process ? process.Id : 0;

    public bool IsRunning => Pid != 0;

    /// <summary>Formats the data directory.</summary>
    public async Task FormatAsync(string clusterId)
    {
        IReadOnlyList<string> command = system.FormatCommand(propertiesFile, clusterId);
        using Process process = Process.Start(
            new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        string said = await output;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"node {Id} cannot be formatted: {said}{errors}");
        }
    }

    /// <summary>Starts the process unless it runs, and does not wait for anything.</summary>
    public void Start()
    {
        if (IsRunning)
        {
            return;
        }

        IReadOnlyList<string> command = system.StartCommand(propertiesFile);
        Process process = new()
        {
            StartInfo = new ProcessStartInfo(command[0], command.Skip(1))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            },
            EnableRaisingEvents = true,
        };
        foreach ((string name, string value) in system.Environment)
        {
            process.StartInfo.Environment[name] = value;
        }

        process.OutputDataReceived += (_, e) => Hear(e.Data);
        process.ErrorDataReceived += (_, e) => Hear(e.Data);
        process.Exited += (_, _) => NoteExit(process);
        _isMeantToRun = true;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        Hear($"--- started as process {process.Id}");
    }

    /// <summary>Kills the process and waits until it is gone; true when it was there.</summary>
    public async Task<bool> KillAsync()
    {
        _isMeantToRun = false;
        return Send(Signal.Kill) && await EndAsync(KillLimit);
    }

    /// <summary>Asks for a clean stop and waits for it; true when it came in time. A process that does not stop is killed.</summary>
    public async Task<bool> StopAsync()
    {
        _isMeantToRun = false;
        if (!Send(Signal.Terminate))
        {
            return false;
        }

        if (await EndAsync(StopLimit))
        {
            return true;
        }

        Alarm?.Invoke($"node {Id} did not stop within {StopLimit.TotalSeconds} s");
        await KillAsync();
        return false;
    }

    /// <summary>Stops the process where it stands; true when the system says that it does.</summary>
    public async Task<bool> PauseAsync()
    {
        if (!Send(Signal.Stop))
        {
            return false;
        }

        for (int i = 0; i < 100 && StateOf(Pid) != 'T'; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        return StateOf(Pid) == 'T';
    }

    /// <summary>Lets it go on.</summary>
    public void Resume() => Send(Signal.Continue);

    /// <summary>Kills what still runs.</summary>
    public void Dispose()
    {
        _isMeantToRun = false;
        if (_process is { HasExited: false } process)
        {
            Signals.Send(process.Id, Signal.Kill);
            process.WaitForExit(KillLimit);
        }

        _process?.Dispose();
        lock (_lock)
        {
            _log.Dispose();
        }
    }

    private static char StateOf(int pid)
    {
        if (pid == 0 || !File.Exists($"/proc/{pid}/stat"))
        {
            return ' ';
        }

        // The name of the program stands in parentheses, and the state behind it.
        string text = File.ReadAllText($"/proc/{pid}/stat");
        return text[text.LastIndexOf(')') + 2];
    }

    private bool Send(Signal signal) => Pid is not 0 and var pid && Signals.Send(pid, signal);

    private async Task<bool> EndAsync(TimeSpan limit)
    {
        using CancellationTokenSource bound = new(limit, TimeProvider.System);
        try
        {
            await _process!.WaitForExitAsync(bound.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void NoteExit(Process process)
    {
        if (_isMeantToRun && ReferenceEquals(process, _process))
        {
            Alarm?.Invoke($"node {Id} ended by itself with exit code {process.ExitCode}");
        }
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            if (_log.BaseStream is { CanWrite: true })
            {
                _log.WriteLine(line);
            }
        }

        if (system.Alarm(line) is { } alarm)
        {
            Alarm?.Invoke($"node {Id} said: {alarm}");
        }
    }
}
