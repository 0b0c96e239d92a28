package project

// Labels of Docker Compose, written and read so that either tool can take over
// the other's stack.
const (
	LabelProject         = "com.docker.compose.project"
	LabelService         = "com.docker.compose.service"
	LabelVersion         = "com.docker.compose.version"
	LabelWorkingDir      = "com.docker.compose.project.working_dir"
	LabelConfigFiles     = "com.docker.compose.project.config_files"
	LabelEnvironmentFile = "com.docker.compose.project.environment_file"
	LabelOneOff          = "com.docker.compose.oneoff"
	LabelConfigHash      = "com.docker.compose.config-hash"
	LabelContainerNumber = "com.docker.compose.container-number"
	LabelDependsOn       = "com.docker.compose.depends_on"
	LabelImage           = "com.docker.compose.image"
	LabelSlug            = "com.docker.compose.slug"
	LabelReplace         = "com.docker.compose.replace"
	LabelImageVolume     = "com.docker.compose.image-volume-digest"
	LabelNetwork         = "com.docker.compose.network"
	LabelVolume          = "com.docker.compose.volume"
	LabelEngine          = "com.docker.compose.engine"
)

// ComposeVersion is the version written into LabelVersion: the release whose
// labels, names and hashes are reproduced.
const ComposeVersion = "5.5.0"

// Muster's own labels stand beside them.
const (
	LabelPrefix   = "dev.muster."
	LabelSections = LabelPrefix + "sections"       // attribute fingerprints, to say what changed
	LabelKey      = LabelPrefix + "key"            // tells the key of the digests in other labels from others
	LabelContent  = LabelPrefix + "content"        // digests of config and secret content
	LabelOp       = LabelPrefix + "op"             // the run that made the container
	LabelPolicy   = LabelPrefix + "restart.policy" // declared restart policy
	LabelOwner    = LabelPrefix + "restart.owner"  // engine or supervisor
	LabelName     = LabelPrefix + "name"           // final name of the container it was made as
	LabelHook     = LabelPrefix + "hook"           // marks an ephemeral pre_start container
	LabelProvided = LabelPrefix + "provided"       // digests of the variables that providers set
	LabelInherit  = LabelPrefix + "inherited"      // anonymous volumes taken over from a predecessor, comma-separated
)
