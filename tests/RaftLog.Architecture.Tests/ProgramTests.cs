using System.Buffers.Binary;
using System.Reflection.PortableExecutable;
using System.Text.Json;

namespace RaftLog.Architecture.Tests;

/// <summary>How the program is built decides how fast it starts and how long it pauses.</summary>
public sealed class ProgramTests
{
    private static readonly string Configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal)
        ? "Release"
        : "Debug";

    [Fact]
    public void A_release_build_is_precompiled_with_all_its_packages()
    {
        if (Configuration == "Release")
        {
            string[] assemblies = Directory.GetFiles(Output(), "*.dll");
            Assert.NotEmpty(assemblies);
            RoomTests.AssertNone(assemblies.Where(file => !IsPrecompiled(file)).Select(file => $"{file} holds no native code"));
        }
    }

    [Fact]
    public void A_release_build_holds_the_frameworks_generic_code_over_our_own_types()
    {
        if (Configuration == "Release")
        {
            string[] assemblies = Directory.GetFiles(Output(), "RaftLog.*.dll");
            Assert.NotEmpty(assemblies);
            RoomTests.AssertNone(
                assemblies.Where(file => !HoldsForeignGenerics(file)).Select(file => $"{file} holds native code of its own methods only")
            );
        }
    }

    [Fact]
    public void The_program_runs_on_one_small_heap_and_keeps_tiered_compilation()
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(Output(), "raftlog.runtimeconfig.json")));
        JsonElement properties = config.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");
        Assert.False(properties.GetProperty("System.GC.Concurrent").GetBoolean());
        Assert.False(properties.TryGetProperty("System.GC.Server", out JsonElement server) && server.GetBoolean());
        Assert.Equal(4 << 20, properties.GetProperty("System.GC.Gen0MaxBudget").GetInt32());
        Assert.Equal(0, properties.GetProperty("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit").GetInt32());
        Assert.True(properties.GetProperty("System.Runtime.TieredCompilation").GetBoolean());
        Assert.True(properties.GetProperty("System.Globalization.Invariant").GetBoolean());
    }

    [Fact]
    public void An_assembly_without_native_code_is_seen() => Assert.False(IsPrecompiled(typeof(ProgramTests).Assembly.Location));

    private static string Output() => Repository.At("src", "RaftLog.Cli", "bin", Configuration, "net10.0");

    private static bool IsPrecompiled(string file)
    {
        using PEReader image = new(new MemoryStream(File.ReadAllBytes(file)));
        return image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }

    /// <summary>
    /// The flag of a ReadyToRun header (signature, two versions, flags) that makes the runtime look there for any generic method.
    /// </summary>
    private static bool HoldsForeignGenerics(string file)
    {
        const int flagsAt = 8;
        const uint unrelatedCode = 0x80;
        using PEReader image = new(new MemoryStream(File.ReadAllBytes(file)));
        int header = image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.RelativeVirtualAddress;
        return header > 0
            && (
                BinaryPrimitives.ReadUInt32LittleEndian(image.GetSectionData(header).GetContent(flagsAt, sizeof(uint)).AsSpan())
                & unrelatedCode
            ) != 0;
    }
}
