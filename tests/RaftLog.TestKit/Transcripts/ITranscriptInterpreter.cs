namespace RaftLog.TestKit;

/// <summary>Carries out the commands of one transcript, in order, and says what each brought about.</summary>
public interface ITranscriptInterpreter
{
    /// <summary>Carries out a command; gives the lines that stand below it in the transcript.</summary>
    /// <exception cref="FormatException">The command is not known, or its arguments make no sense.</exception>
    IReadOnlyList<string> Execute(TranscriptCommand command);
}
