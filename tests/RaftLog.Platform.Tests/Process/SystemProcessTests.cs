using System.Diagnostics;

namespace RaftLog.Platform.Tests;

public sealed class SystemProcessTests
{
    [Fact]
    public async Task A_halt_says_why_and_ends_the_process_without_a_clean_stop()
    {
        using Process child = Child.Start(ChildProgram.Halt, "invariant R-01 is broken");
        string errors = await child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();

        Assert.Equal(SystemProcess.HaltExitCode, child.ExitCode);
        Assert.Contains("halted: invariant R-01 is broken", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("clean stop", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_halt_ends_the_process_although_nobody_reads_its_last_words()
    {
        // More than a pipe holds, and this side does not read.
        using Process child = Child.Start(ChildProgram.HaltWithALongReason);
        await child.WaitForExitAsync();
        Assert.Equal(SystemProcess.HaltExitCode, child.ExitCode);
    }

    [Fact]
    public void An_in_memory_halt_notes_the_first_reason()
    {
        InMemoryProcess process = new();
        Assert.Null(process.HaltReason);
        process.Halt("first");
        process.Halt("second");
        Assert.Equal("first", process.HaltReason);
    }
}
