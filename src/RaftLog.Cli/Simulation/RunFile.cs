using System.Text.Json;
using System.Text.Json.Serialization;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>A run that is made in parts, as it stands in its file.</summary>
/// <param name="Simulation">What is run, as <see cref="ISimulation.Arguments"/> says it.</param>
/// <param name="First">The run's first seed.</param>
/// <param name="Next">The first seed that was not run.</param>
/// <param name="Elapsed">Wall time of the parts so far.</param>
/// <param name="Figures">Their sums.</param>
/// <param name="Failed">The seeds that failed, and do still.</param>
internal sealed record RunFile(
    string Simulation,
    ulong First,
    ulong Next,
    TimeSpan Elapsed,
    BatchFigures Figures,
    IReadOnlyList<FailedSeed> Failed
)
{
    /// <summary>Reads a run; null when there is no such file.</summary>
    /// <exception cref="FormatException">The file holds something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RunFile? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RunFileJson.Default.RunFile) ?? throw NoRun(path, "it says null");
        }
        catch (JsonException e)
        {
            throw NoRun(path, e.Message);
        }
    }

    /// <summary>Replaces the file as a whole: who is killed here leaves the old one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        string written = path + ".new";
        File.WriteAllBytes(written, JsonSerializer.SerializeToUtf8Bytes(this, RunFileJson.Default.RunFile));
        File.Move(written, path, overwrite: true);
    }

    private static FormatException NoRun(string path, string why) =>
        new($"{path} holds no run of seeds that could go on: {why}. Name another file, or remove it to begin anew.");
}

/// <summary>A seed that failed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Violation">The promise that broke.</param>
internal sealed record FailedSeed(ulong Seed, string Violation);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(RunFile))]
internal sealed partial class RunFileJson : JsonSerializerContext;
