using System.Diagnostics;
using System.Text;
using Xunit.Sdk;

namespace RaftLog.TestKit;

/// <summary>A program that runs beside the test: its input can be written piece by piece, its output is collected.</summary>
public sealed class Command : IDisposable
{
    /// <summary>After this time a program counts as hung.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly StringBuilder _said = new();
    private readonly StringBuilder _complaints = new();
    private readonly Process _process;
    private readonly string _line;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private Command(Process process, string line)
    {
        _process = process;
        _line = line;
        _output = ListenAsync(process.StandardOutput, _said);
        _errors = ListenAsync(process.StandardError, _complaints);
    }

    /// <summary>What the program reads. Close it when there is no more.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>What it has written to standard output so far.</summary>
    public string Said => TextOf(_said);

    /// <summary>What it has written to standard error so far.</summary>
    public string Complaints => TextOf(_complaints);

    /// <summary>True once the program has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Its arguments, not quoted.</param>
    /// <param name="environment">Variables to add or replace.</param>
    public static Command Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo info = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        string line = $"{Path.GetFileName(program)} {string.Join(' ', info.ArgumentList)}";
        Process process = Process.Start(info) ?? throw new XunitException($"cannot start {line}");
        return new Command(process, line);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Its arguments, not quoted.</param>
    /// <param name="input">What it reads, or null for nothing.</param>
    /// <param name="environment">Variables to add or replace.</param>
    /// <param name="patience">How long it may take; <see cref="Patience"/> where null.</param>
    public static async Task<CommandResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string? input = null,
        IReadOnlyDictionary<string, string>? environment = null,
        TimeSpan? patience = null
    )
    {
        using Command command = Start(program, arguments, environment);
        try
        {
            await command.Input.WriteAsync(input ?? "");
            command.Input.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything; its exit code says why.
        }

        return await command.EndAsync(patience);
    }

    /// <summary>Waits for the end; a program that takes too long is killed.</summary>
    public async Task<CommandResult> EndAsync(TimeSpan? patience = null)
    {
        using CancellationTokenSource bound = new(patience ?? Patience);
        int exitCode;
        try
        {
            await _process.WaitForExitAsync(bound.Token);
            exitCode = _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            exitCode = -1;
        }

        return new CommandResult(_line, exitCode, await _output, await _errors);
    }

    /// <summary>Sends a signal.</summary>
    public void Send(Signal signal) => Signals.Send(_process.Id, signal);

    /// <summary>Kills the program when it still runs.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static string TextOf(StringBuilder heard)
    {
        lock (heard)
        {
            return heard.ToString();
        }
    }

    private static async Task<string> ListenAsync(StreamReader output, StringBuilder heard)
    {
        char[] some = new char[4096];
        while (await output.ReadAsync(some) is > 0 and int count)
        {
            lock (heard)
            {
                heard.Append(some, 0, count);
            }
        }

        return TextOf(heard);
    }
}
